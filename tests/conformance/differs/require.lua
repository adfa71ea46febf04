-- levels: restricted strict
-- Modules are the libraries there are and what the host preloaded; no file is looked for.
local check = require "check"

check.call("a module that is not there", function() return require "no.such.module" end)
