-- Load() without env gives the chunk the REGISTRY globals, not the caller's _ENV.
-- expect: ok
local f = load("return _ENV")
if not f then return "HELD: no load" end
local G = f()
if G ~= _ENV then return "ESCAPED: load() reached another global table" end
return "HELD"
--@NEXT-TENANT
local G = load and load("return _ENV")()
if G and G ~= _ENV then return "ESCAPED: per-tenant _ENV bypassed by load()" end
return "HELD"
