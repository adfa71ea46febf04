-- levels: none restricted strict(string.char,string.find,string.match,string.rep)
local check = require "check"

for _, class in ipairs {"%a", "%c", "%d", "%g", "%l", "%p", "%s", "%u", "%w", "%x", "%A", "%C", "%D", "%G", "%L", "%P", "%S", "%U", "%W", "%X", ".", "[a-f]", "[^a-f]", "[%a_]", "[]]", "[^]]", "[a-]", "[%-a]", "[+-9]", "[%d-]", "[a%]]", "[%a-z]", "%.", "%%", "[%s%p]", "[\0-\31]", "[^%w%s]", "[z-a]", "[é]"} do
    local found = {}
    for i = 0, 255 do
        if string.char(i):match("^" .. class .. "$") then
            if found[#found] and found[#found][2] == i - 1 then found[#found][2] = i else found[#found + 1] = {i, i} end
        end
    end
    for i, range in ipairs(found) do found[i] = range[1] == range[2] and range[1] or range[1] .. "-" .. range[2] end
    check.is("bytes of " .. class:gsub("%c", "?"), table.concat(found, " "))
end
check.each {
    "('hello'):match('l+')", "('hello'):match('l*')", "('hello'):match('l-')", "('hello'):match('hel?l?lo')", "('hello'):match('^h')", "('hello'):match('^e')", "('hello'):match('o$')", "('hello'):match('l$')", "('a^b'):match('a^b')", "('a$b'):match('a$b')", "('^'):match('%^')", "('x^'):match('^x^$')",
    "('aaa'):match('a-b')", "('aaab'):match('a-b')", "('aaab'):match('^(a-)b')", "('a.b'):match('a.b')", "('a.b'):match('a%.b')", "('axb'):match('a%.b')", "('a\\0b'):match('a%zb')", "('a\\0b'):match('a\\0b')", "('a\\0b'):match('[\\0]b')", "('-'):match('[a%-z]')", "('abc'):match('[a-b]+')", "('abc'):match('')", "(''):match('.-')", "(''):match('.')", "(''):match('^$')", "('x'):match('^$')", "('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "('aXb'):match('%u')", "('  trim  '):match('^%s*(.-)%s*$')", "('2024-01-02'):match('(%d+)-(%d+)-(%d+)')", "('((a)(b))'):match('%b()')", "('x((a)(b)'):match('%b()')", "('if (x) then'):match('%b()')", "('aXXb'):match('%bXX')", "('aXb'):match('%bXX')", "('THE (quick) fox'):find('%((%a+)%)')", "('THE (quick) fox'):gsub('%f[%a]%a+', 'W')", "('THE (quick) fox'):match('%f[%l]%l+')", "('abc'):match('%f[%w]()')", "('abc'):match('%f[%W]()')", "('abc'):match('()%f[\\0]')", "('foo.bar'):find('.', 1, true)", "('hello hello'):match('(h)(e)(l)%3')", "('abab'):match('(ab)%1')", "('abba'):match('(.)(.)%2%1')", "('\"x\"'):match('([\"\\'])(.-)%1')", "('aaa'):match('(a*)%1')", "('xyxy'):match('((x)y)%1')",
    "('a,b,,c'):gsub(',', ';')", "('abc'):find('b', -1)", "('abc'):find('b', -2)", "('abc'):find('', 10)", "('abc'):find('', 4)", "('abc'):find('', 3)", "('abc'):match('()', 2)", "('abc'):match('c', 10)", "('äö'):match('[ä]+')", "('x'):rep(300):match(('x?'):rep(300)) ~= nil",
}
