-- Brainfuck: optimises a program to a small instruction list and runs it in a mini VM with a step limit.
-- expect: ok
-- output: Hello World!

-- Source becomes instructions in parallel arrays: runs of + - > < are folded, [-] becomes "set to zero",
-- and loops such as [->++>+<<] become multiplications. A step limit ends programs that would not.

local ADD, MOVE, OUT, IN, OPEN, CLOSE, ZERO, MULTIPLY = 1, 2, 3, 4, 5, 6, 7, 8
local FOLDED = { ["+"] = { ADD, 1 }, ["-"] = { ADD, -1 }, [">"] = { MOVE, 1 }, ["<"] = { MOVE, -1 } }

-- A loop that only adds and moves, comes back to its start, and takes one there each time round.
local function as_multiplication(body)
    local at, delta, order = 0, { [0] = 0 }, {}
    for c in body:gmatch("[%+%-<>]") do
        local op, n = FOLDED[c][1], FOLDED[c][2]
        if op == MOVE then
            at = at + n
        else
            if not delta[at] then delta[at], order[#order + 1] = 0, at end
            delta[at] = delta[at] + n
        end
    end
    if at ~= 0 or delta[0] ~= -1 then return nil end
    local list = {}
    for i, place in ipairs(order) do list[i] = { place, delta[place] } end
    return list
end

local function compile(source)
    source = source:gsub("[^%+%-<>%[%]%.,]", "")
    local code, operand, stack, at = {}, {}, {}, 1
    local function emit(op, value)
        code[#code + 1], operand[#code + 1] = op, value
    end
    while at <= #source do
        local c = source:sub(at, at)
        local body = c == "[" and source:match("^%[([%+%-<>]+)%]", at)
        local products = body and as_multiplication(body)
        if products then
            for _, product in ipairs(products) do emit(MULTIPLY, product) end
            emit(ZERO, 0)
            at = at + #body + 2
        elseif FOLDED[c] then
            local run = source:match("^%" .. c .. "+", at)
            emit(FOLDED[c][1], FOLDED[c][2] * #run)
            at = at + #run
        else
            if c == "[" then
                emit(OPEN, 0)
                stack[#stack + 1] = #code
            elseif c == "]" then
                local open = table.remove(stack) or error("']' without '['", 0)
                emit(CLOSE, open)
                operand[open] = #code
            else
                emit(c == "." and OUT or IN, 0)
            end
            at = at + 1
        end
    end
    if #stack > 0 then error("'[' is never closed", 0) end
    return { code = code, operand = operand }
end

local function run(program, input, limit)
    local code, operand = program.code, program.operand
    local tape, head, pc, steps, read = {}, 0, 1, 0, 1
    local output = {}
    limit = limit or 20000
    setmetatable(tape, { __index = function() return 0 end })
    while code[pc] do
        steps = steps + 1
        if steps > limit then return nil, "step limit" end
        local op, value = code[pc], operand[pc]
        if op == ADD then
            tape[head] = (tape[head] + value) & 255
        elseif op == MOVE then
            head = head + value
            if head < 0 then return nil, "left of the tape" end
        elseif op == OPEN then
            if tape[head] == 0 then pc = value end
        elseif op == CLOSE then
            if tape[head] ~= 0 then pc = value end
        elseif op == ZERO then
            tape[head] = 0
        elseif op == MULTIPLY then
            local place = head + value[1]
            if tape[head] ~= 0 then tape[place] = (tape[place] + tape[head] * value[2]) & 255 end
        elseif op == OUT then
            output[#output + 1] = string.char(tape[head])
        else
            tape[head] = input:byte(read) or 0
            read = read + 1
        end
        pc = pc + 1
    end
    return table.concat(output), steps
end

-- Writes a program that prints a text: each letter as a product and a rest, relative to the one before.
local function program_for(text)
    local parts, previous = {}, 0
    for c in text:gmatch(".") do
        local difference = c:byte() - previous
        local sign = difference < 0 and "-" or "+"
        local tens, rest = math.abs(difference) // 10, math.abs(difference) % 10
        if tens > 0 then parts[#parts + 1] = ("+"):rep(tens) .. "[>" .. sign:rep(10) .. "<-]" end
        parts[#parts + 1] = ">" .. sign:rep(rest) .. ".<"
        previous = c:byte()
    end
    return table.concat(parts, "\n")
end

local COUNTDOWN = "+++++ +++++ [> +++++ <-] > +++++++ < +++++ +++++ [>.-<-]"
local NESTED = "+++++ [> +++++ [> +++++ [> +. <-] <-] <-]"
local REVERSE = ">,[>,]<[.<]"
local UPPER = ",[>++++[<-------->-]<.,]"

local source = program_for("Hello World!\n")
local program = compile(source)
local hello, steps = run(program, "")
print((hello:gsub("\n", "")))
print(("%d characters of source, %d instructions, %d steps"):format(#source, #program.code, steps))
local reversed, upper = run(compile(REVERSE), "!dlrow ,olleH"), run(compile(UPPER), "abcxyz")
print(reversed .. " " .. upper .. " " .. run(compile(COUNTDOWN), ""))

assert(hello == "Hello World!\n" and reversed == "Hello, world!" and upper == "ABCXYZ")
assert(run(compile(COUNTDOWN), "") == "9876543210")
assert(#compile("[->++>+<<]").code == 3 and #compile("+++---").code == 2 and #compile("[-]").code == 1)
assert(run(compile("+++[->++>+<<]>.>."), "") == "\6\3")
local bytes = {}
for i = 1, 125 do bytes[i] = string.char(i) end
assert(run(compile(NESTED), "") == table.concat(bytes))

for wrong, message in pairs { ["[[+]"] = "'[' is never closed", ["+]"] = "']' without '['" } do
    local ok, err = pcall(compile, wrong)
    assert(not ok and err == message, err)
end
assert(select(2, run(compile("<+"), "")) == "left of the tape")
assert(select(2, run(compile("+[]"), "", 5000)) == "step limit", "what would run for ever is ended")
return hello
