-- Error values that look like Lunette's own: tables with code and status, numbers of statuses
-- expect: runtime_error
error(setmetatable({code = 0, status = "ok", message = "time_limit", memory_limit = true}, {__name = "lunette_error"}))
