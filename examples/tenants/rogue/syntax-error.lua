-- Syntax error: an `end` is missing, and the message should point at the line where it was noticed.
-- expect: syntax_error

local function classify(score)
    if score >= 90 then
        return "excellent"
    elseif score >= 50 then
        return "passed"
    else
        return "failed"
end

print(classify(72))
