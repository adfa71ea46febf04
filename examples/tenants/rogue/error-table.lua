-- Runtime error: the error value is a table with a code and a message, and a metatable that lies about it.
-- expect: runtime_error
-- output: validating

local ValidationError = {}
ValidationError.__index = ValidationError
ValidationError.__name = "ValidationError"
function ValidationError:__tostring() error("not even my text can be read") end

local function validate(form)
    if not form.email:find("^[^@%s]+@[^@%s]+$") then
        error(setmetatable({ code = 422, field = "email", message = "not an e-mail address" }, ValidationError))
    end
end

print("validating")
local ok, err = pcall(validate, { email = "nobody" })
assert(not ok and getmetatable(err) == ValidationError and err.code == 422)
validate { email = "someone at example.org" }
