-- levels: none restricted strict(assert,collectgarbage,error,next,rawget,setmetatable,warn,xpcall,coroutine.wrap,math.floor,math.random,os.date,os.difftime,os.time,string,table.insert,table.move,table.remove,utf8.char,utf8.codepoint,utf8.len,utf8.offset)
local check = require "check"

-- What library functions say of their arguments, by the name they were called by.
local alias, t = string.rep, {f = string.rep, deep = {g = table.concat}}
check.call("a local", function() alias() end)
check.call("a field", function() t.f() end)
check.call("a deep field", function() t.deep.g(1) end)
check.call("a method", function() ("x"):rep() end)
check.call("a method's second", function() ("x"):rep(1, {}) end)
check.call("a method without self", function() local o = {rep = string.rep}; o:rep(1) end)
check.call("by pcall", string.rep)
check.call("by pcall from a table", t.f)
check.call("as a metamethod", function() return setmetatable({}, {__index = string.rep}).x end)
check.call("as an iterator", function() for x in string.rep do end end)
check.call("in a tail call", function() return string.rep() end)
check.call("a global function", function() setmetatable(1) end)
check.call("a global's alias", function() local sm = setmetatable; sm(1) end)
check.each {
    "string.rep('x')", "string.rep('x', {})", "string.rep('x', 'y')", "string.rep('x', 1.5)", "string.rep('x', '1.5')", "string.rep(nil, 1)", "string.rep({}, 1)", "string.sub()", "string.sub('x')", "string.sub('x', nil)", "string.sub('x', 1, {})", "string.byte('x', {})", "string.char(256)", "string.char(-1)", "string.char('x')", "string.char(65, 1.5)", "string.upper()", "string.len(nil)", "string.reverse({})", "string.lower(true)",
    "table.concat()", "table.concat(1)", "table.concat({}, {})", "table.concat({1, {}, 3})", "table.concat({1, 2}, ',', 1, 3)", "table.concat({}, ',', 'x')", "table.insert()", "table.insert({})", "table.insert({}, 1, 2, 3)", "table.insert({}, 2, 'x')", "table.insert({}, 0, 'x')", "table.insert(nil, 1)", "table.insert({}, 'x', 1)", "table.remove()", "table.remove({}, 5)", "table.remove({1, 2, 3}, 7)", "table.remove({1}, 'x')", "table.unpack()", "table.unpack({}, 'x')", "table.unpack({}, 1, 1e8)", "table.unpack({}, 1, 1e308)", "table.move()", "table.move({}, 1)", "table.move({}, 1, 2)", "table.move({}, 1, 2, 'x')", "table.move({}, 1, 2, 3, 4)", "table.sort()", "table.sort({}, 1)", "table.sort({1, 2}, {})", "table.sort(1)", "table.sort({1, 'x', 2})", "table.sort({1, nil, 3}, function() return {} .. 1 end)",
    "ipairs()", "pairs()", "next()", "next({}, 'no')", "next(1)", "rawget({})", "select('x')", "tonumber()", "tonumber('x', 99)", "error()", "pcall()", "xpcall()", "xpcall(print)", "xpcall(print, 5)", "xpcall(print, nil)", "load()", "load(5)", "load({})", "load('x', {})", "load('x', 'n', {})", "load(nil)", "type()", "assert()", "setmetatable({})", "tostring()", "math.floor()", "math.random(0, {})", "utf8.char('x')", "utf8.char(-1)", "utf8.len()", "utf8.codepoint('x', 5)", "utf8.offset('x')", "os.time(5)", "os.date(5.5, 'x')", "os.date('%d', 'x')", "os.date('%d', {})", "os.difftime()", "os.date({})", "os.time({})", "coroutine.wrap()", "string.format()", "string.format('%d')", "string.format('%d', 'x')", "string.format('%d', 1.5)", "string.format('%s')", "string.format({}, 1)", "string.pack()", "string.pack('i4')", "string.pack('i4', 'x')", "string.unpack('i4')", "string.unpack('i4', 'xx')", "string.packsize()", "string.gmatch()", "string.gmatch('x')", "string.gmatch('x', {})", "string.gmatch('x', 'x', {})", "string.find('x')", "string.match('x')", "string.gsub('x', 'x')", "string.gsub('x', 'x', true)", "string.gsub('x', 'x', 'y', 'z')", "collectgarbage('count', 'x') > 0", "warn()", "warn({})", "warn('x', {})", "warn(nil)",
}
