-- Modules: what require gives, changed; and names that are none
for _, name in ipairs({ "string", "table", "math", "_G", "os", "coroutine", "utf8" }) do
    local ok, module = pcall(require, name)
    if ok then
        module.message = "was here"
        module.loaded = module
    end
end
for i = 1, 100 do
    pcall(require, "message" .. i)
end
