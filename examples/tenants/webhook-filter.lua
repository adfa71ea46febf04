-- Webhook filter: a small rule language is compiled to closures and decides what happens with each event.
-- expect: ok
-- output: evt-01  push            -> build(main)

-- A rule: `when CONDITION then ACTION [args]`. Conditions know fields with dots, literals, comparison,
-- `in (…)`, `matches "glob"`, `exists`, and/or/not and brackets. The first rule that holds decides.

local RULES = [[
when type == "push" and ref == "refs/heads/main" and not commits.skip then build main
when type == "push" and ref matches "refs/tags/v*" then release
when type == "pull_request" and (action in ("opened", "synchronize", "reopened")) and not draft == true then check pr
when type == "pull_request" and action == "closed" and merged == true then cleanup branch
when type == "alert" and severity >= 8 and not muted exists then page oncall
when type == "alert" and severity >= 5 then notify "#alerts"
when type == "comment" and body matches "/deploy *" and author.role in ("owner", "admin") then deploy
when type == "payment" and (amount > 10000 or country in ("KP", "IR")) then review "four eyes"
when type == "payment" then book
]]

local EVENTS = {
    { id = "evt-01", type = "push", ref = "refs/heads/main", commits = { count = 3 }, want = "build(main)" },
    { id = "evt-02", type = "push", ref = "refs/heads/main", commits = { count = 1, skip = true }, want = "ignored" },
    { id = "evt-03", type = "push", ref = "refs/tags/v1.4.0", want = "release()" },
    { id = "evt-04", type = "push", ref = "refs/heads/topic", want = "ignored" },
    { id = "evt-05", type = "pull_request", action = "opened", draft = false, want = "check(pr)" },
    { id = "evt-06", type = "pull_request", action = "opened", draft = true, want = "ignored" },
    { id = "evt-07", type = "pull_request", action = "closed", merged = true, want = "cleanup(branch)" },
    { id = "evt-08", type = "alert", severity = 9, want = "page(oncall)" },
    { id = "evt-09", type = "alert", severity = 9, muted = "until noon", want = "notify(#alerts)" },
    { id = "evt-10", type = "alert", severity = 3, want = "ignored" },
    { id = "evt-11", type = "comment", body = "/deploy staging", author = { role = "admin" }, want = "deploy()" },
    { id = "evt-12", type = "comment", body = "/deploy prod", author = { role = "guest" }, want = "ignored" },
    { id = "evt-13", type = "payment", amount = 125.5, country = "SE", want = "book()" },
    { id = "evt-14", type = "payment", amount = 12000, country = "SE", want = "review(four eyes)" },
    { id = "evt-15", type = "payment", amount = 1, country = "IR", want = "review(four eyes)" },
    { id = "evt-16", type = "ping", want = "ignored" },
}

local KEYWORDS = { when = true, ["then"] = true, ["and"] = true, ["or"] = true, ["not"] = true, ["in"] = true, matches = true, exists = true }

local function tokenize(line)
    local tokens, at = {}, 1
    while true do
        at = line:match("^%s*()", at)
        if at > #line then return tokens end
        local text, stop = line:match('^"([^"]*)"()', at)
        local kind = "string"
        if not text then
            text, stop = line:match("^(%-?%d+%.?%d*)()", at)
            kind = "number"
        end
        if not text then
            text, stop = line:match("^([%a_][%w_.]*)()", at)
            kind = text and KEYWORDS[text] and text or "name"
        end
        if not text then
            text, stop = line:match("^([=<>!]=)()", at)
            if not text then text, stop = line:match("^([<>(),])()", at) end
            kind = text
        end
        if not text then error("unexpected '" .. line:sub(at, at) .. "'", 0) end
        tokens[#tokens + 1] = { kind = kind, text = text }
        at = stop
    end
end

local function glob(pattern)
    local lua = pattern:gsub("%p", "%%%0"):gsub("%%%*", ".*"):gsub("%%%?", ".")
    return "^" .. lua .. "$"
end

local COMPARE = {
    ["=="] = function(a, b) return a == b end,
    ["!="] = function(a, b) return a ~= b end,
    ["<"] = function(a, b) return type(a) == type(b) and a < b end,
    [">"] = function(a, b) return type(a) == type(b) and a > b end,
    ["<="] = function(a, b) return type(a) == type(b) and a <= b end,
    [">="] = function(a, b) return type(a) == type(b) and a >= b end,
}

local function compile(line)
    local tokens, i = tokenize(line), 1
    local condition

    local function accept(kind)
        local token = tokens[i]
        if token and token.kind == kind then
            i = i + 1
            return token
        end
    end
    local function expect(kind)
        return accept(kind) or error(("'%s' expected near '%s'"):format(kind, tokens[i] and tokens[i].text or "the end"), 0)
    end

    local function literal()
        local token = accept("string")
        if token then return token.text end
        token = accept("number")
        if token then return tonumber(token.text) end
        token = expect("name")
        if token.text == "true" then return true end
        if token.text == "false" then return false end
        error("a literal expected near '" .. token.text .. "'", 0)
    end

    local function field(name)
        local path = {}
        for part in name:gmatch("[^.]+") do path[#path + 1] = part end
        return function(event)
            local value = event
            for _, part in ipairs(path) do
                if type(value) ~= "table" then return nil end
                value = value[part]
            end
            return value
        end
    end

    local function comparison()
        if accept("(") then
            local inner = condition()
            expect(")")
            return inner
        end
        local get = field(expect("name").text)
        if accept("exists") then return function(event) return get(event) ~= nil end end
        if accept("matches") then
            local pattern = glob(expect("string").text)
            return function(event)
                local value = get(event)
                return type(value) == "string" and value:find(pattern) ~= nil
            end
        end
        if accept("in") then
            local set = {}
            expect("(")
            repeat set[literal()] = true until not accept(",")
            expect(")")
            return function(event)
                local value = get(event)
                return value ~= nil and set[value] == true
            end
        end
        local compare = tokens[i] and COMPARE[tokens[i].kind]
        if not compare then return function(event) return get(event) == true end end
        i = i + 1
        local value = literal()
        return function(event) return compare(get(event), value) end
    end

    local function negation()
        if not accept("not") then return comparison() end
        local inner = negation()
        return function(event) return not inner(event) end
    end

    local function conjunction()
        local left = negation()
        while accept("and") do
            local a, b = left, negation()
            left = function(event) return a(event) and b(event) end
        end
        return left
    end

    function condition()
        local left = conjunction()
        while accept("or") do
            local a, b = left, conjunction()
            left = function(event) return a(event) or b(event) end
        end
        return left
    end

    expect("when")
    local test = condition()
    expect("then")
    local action, arguments = expect("name").text, {}
    while tokens[i] do
        local token = accept("string") or expect("name")
        arguments[#arguments + 1] = token.text
    end
    return { test = test, action = ("%s(%s)"):format(action, table.concat(arguments, ", ")), hits = 0 }
end

local function compile_all(text)
    local rules, number = {}, 0
    for line in text:gmatch("[^\n]+") do
        number = number + 1
        local ok, rule = pcall(compile, line)
        if not ok then error(("rule %d: %s"):format(number, rule), 0) end
        rules[number] = rule
    end
    return rules
end

local function decide(rules, event)
    for _, rule in ipairs(rules) do
        if rule.test(event) then
            rule.hits = rule.hits + 1
            return rule.action
        end
    end
    return "ignored"
end

local rules = compile_all(RULES)
local decided = 0
for _, event in ipairs(EVENTS) do
    local action = decide(rules, event)
    print(("%s  %-14s  -> %s"):format(event.id, event.type, action))
    assert(action == event.want, event.id .. ": " .. action)
    if action ~= "ignored" then decided = decided + 1 end
end
for i, rule in ipairs(rules) do assert(rule.hits > 0, "rule " .. i .. " is never used") end

for line, message in pairs {
    ["when type = 3 then x"] = "rule 1: unexpected '='",
    ["when type == 3 x"] = "rule 1: 'then' expected near 'x'",
    ["when (a and b then x"] = "rule 1: ')' expected near 'then'",
    ["when a matches 7 then x"] = "rule 1: 'string' expected near '7'",
    ["when a == b then x"] = "rule 1: a literal expected near 'b'",
    ["when a exists then"] = "rule 1: 'name' expected near 'the end'",
} do
    local ok, err = pcall(compile_all, line)
    assert(not ok and err == message, err)
end
return decided
