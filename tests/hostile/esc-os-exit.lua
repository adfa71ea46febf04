-- Terminate the host process.
-- expect: ok
if os and os.exit then os.exit(77, true) end
return "HELD"
