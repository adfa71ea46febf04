-- Markdown to HTML: headings, paragraphs, nested lists, quotes, code blocks, rules, emphasis, code, links and images.
-- expect: ok
-- output: <h1 id="lunar-observatory">Lunar observatory</h1>

local SOURCE = [[
# Lunar observatory

Welcome to the *first* page of the **observing log**. It is written in plain
text, converted by ~60 lines of `Lua`, and served as-is; see [the manual](https://example.org/manual?a=1&b=2 "All of it").
A line with two spaces at its end  
breaks here.

## What you need

1. A telescope (70 mm or more)
2. A chair
   - with a *back*
   - and a cushion
3. Patience

* * *

> Never look at the Sun.
> **Never.**
>
> - not through the finder
> - not "just once"

### Example

```lua
if moon.phase > 0.5 and not clouds then
    print("go <outside> & look")   -- *not* emphasised
end
```

    indented code & such

Escapes: \*stars\* and 2 \* 3, snake_case_names stay, `a * b * c` too.
An image: ![Crater](/img/tycho.png), a bare <https://example.org>, and ***both***.

Setext heading
--------------

The end.
]]

local function escape(text)
    return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- Inline markup. Finished pieces are parked under a number between \1 and \2, so that no later rule touches them.
local function inline(text)
    local parked = {}
    local function park(html)
        parked[#parked + 1] = html
        return "\1" .. #parked .. "\2"
    end
    text = text:gsub("\\([%p])", function(c) return park(escape(c)) end)
    text = text:gsub("(`+)%s?(.-)%s?%1", function(_, code) return park("<code>" .. escape(code) .. "</code>") end)
    text = text:gsub("<(%a+:[^%s>]+)>", function(url)
        return park('<a href="' .. escape(url) .. '">' .. escape(url) .. "</a>")
    end)
    text = text:gsub("!%[([^%]]*)%]%(([^%s)]+)%)", function(alt, url)
        return park('<img src="' .. escape(url) .. '" alt="' .. escape(alt) .. '">')
    end)
    text = text:gsub("(%b[])%(([^%s)]+)%s*\"?([^\")]*)\"?%)", function(label, url, title)
        local attribute = title ~= "" and ' title="' .. escape(title) .. '"' or ""
        return park('<a href="' .. escape(url) .. '"' .. attribute .. ">") .. label:sub(2, -2) .. park("</a>")
    end)
    text = escape(text)
    text = text:gsub("%*%*%*(%S.-)%*%*%*", "<strong><em>%1</em></strong>")
    text = text:gsub("%*%*(%S.-)%*%*", "<strong>%1</strong>")
    text = text:gsub("%*(%S.-)%*", "<em>%1</em>")
    text = text:gsub("%f[%w_]_(%S.-)_%f[^%w_]", "<em>%1</em>")
    text = text:gsub("  +\n", "<br>\n")
    return (text:gsub("\1(%d+)\2", function(n) return parked[tonumber(n)] end))
end

local function split_lines(text)
    local lines = {}
    for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
    return lines
end

local function heading(level, text)
    local id = text:lower():gsub("[^%w%s-]", ""):gsub("%s+", "-")
    return ('<h%d id="%s">%s</h%d>'):format(level, id, inline(text), level)
end

local convert

-- Takes lines from `i` on while `strip` gives their content, and converts what it gave.
local function block_of(lines, i, strip)
    local inner = {}
    while lines[i] do
        local content = strip(lines[i])
        if not content then break end
        inner[#inner + 1] = content
        i = i + 1
    end
    return inner, i
end

local function list_marker(line)
    local bullet, rest = line:match("^([-*+]%s+)(.*)")
    if bullet then return "ul", #bullet, rest end
    bullet, rest = line:match("^(%d+[.)]%s+)(.*)")
    if bullet then return "ol", #bullet, rest end
end

local function list(lines, i, out)
    local kind = list_marker(lines[i])
    out[#out + 1] = "<" .. kind .. ">"
    while lines[i] do
        local this, width, first = list_marker(lines[i])
        if this ~= kind then break end
        local inner
        inner, i = block_of(lines, i + 1, function(line) return line:match("^" .. (" "):rep(width) .. "(.*)") end)
        table.insert(inner, 1, first)
        local body = convert(inner):gsub("^<p>(.-)</p>", "%1")
        out[#out + 1] = "<li>" .. body .. "</li>"
    end
    out[#out + 1] = "</" .. kind .. ">"
    return i
end

local function is_rule(line) return line:gsub("%s", ""):find("^%*%*%*+$") or line:find("^%-%-%-+%s*$") end

local function starts_block(line)
    return line:find("^%s*$") or line:find("^#+%s") or line:find("^```") or line:find("^>") or list_marker(line) or is_rule(line)
end

function convert(lines)
    local out, i = {}, 1
    while lines[i] do
        local line = lines[i]
        local marks, title = line:match("^(#+)%s+(.-)%s*#*$")
        local inner
        if line:find("^%s*$") then
            i = i + 1
        elseif marks and #marks <= 6 then
            out[#out + 1], i = heading(#marks, title), i + 1
        elseif line:find("^```") then
            local language = line:match("^```(%w+)")
            inner, i = block_of(lines, i + 1, function(l) return not l:find("^```") and l end)
            local class = language and ' class="language-' .. language .. '"' or ""
            out[#out + 1] = "<pre><code" .. class .. ">" .. escape(table.concat(inner, "\n")) .. "\n</code></pre>"
            i = i + 1
        elseif line:find("^    ") then
            inner, i = block_of(lines, i, function(l) return l:match("^    (.*)") end)
            out[#out + 1] = "<pre><code>" .. escape(table.concat(inner, "\n")) .. "\n</code></pre>"
        elseif line:find("^>") then
            inner, i = block_of(lines, i, function(l) return l:match("^> ?(.*)") end)
            out[#out + 1] = "<blockquote>\n" .. convert(inner) .. "\n</blockquote>"
        elseif is_rule(line) then
            out[#out + 1], i = "<hr>", i + 1
        elseif list_marker(line) then
            i = list(lines, i, out)
        elseif lines[i + 1] and (lines[i + 1]:find("^=+$") or lines[i + 1]:find("^%-+$")) then
            out[#out + 1] = heading(lines[i + 1]:find("^=") and 1 or 2, line)
            i = i + 2
        else
            local first = true
            inner, i = block_of(lines, i, function(l)
                if not first and starts_block(l) then return nil end
                first = false
                return l
            end)
            out[#out + 1] = "<p>" .. inline(table.concat(inner, "\n")) .. "</p>"
        end
    end
    return table.concat(out, "\n")
end

local html = convert(split_lines(... or SOURCE))
print(html)

local function expect(markdown, wanted)
    local got = convert(split_lines(markdown))
    assert(got == wanted, got)
end
expect("a **b** *c* `d`", "<p>a <strong>b</strong> <em>c</em> <code>d</code></p>")
expect("***x***", "<p><strong><em>x</em></strong></p>")
expect("- a\n- b\n  - c", "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul></li>\n</ul>")
expect("2. x\n3. y", "<ol>\n<li>x</li>\n<li>y</li>\n</ol>")
expect("> q\n> r", "<blockquote>\n<p>q\nr</p>\n</blockquote>")
expect("T\n=", '<h1 id="t">T</h1>')
expect("\\*no\\* snake_case_x", "<p>*no* snake_case_x</p>")
expect("```\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>")
expect("[a *b*](/x \"T\")", '<p><a href="/x" title="T">a <em>b</em></a></p>')
return #html
