-- Search: an inverted index over help articles; queries are ranked by BM25 and answered with marked snippets.
-- expect: ok
-- output: 12 articles, 182 terms, 22.1 words on average

local ARTICLES = [[
# Resetting your password
Open the sign-in page and choose "Forgot password". We send a link that is valid for one hour. If no mail arrives, look in the spam folder or ask your administrator to reset the password for you.
# Two-factor authentication
Two-factor authentication asks for a code from your phone besides your password. Turn it on under Settings, Security. Keep the recovery codes in a safe place: without them a lost phone means a locked account.
# Exporting data
Every table can be exported as CSV or JSON. Large exports run in the background, and a link to the file is sent by mail when it is ready. Exports are deleted after seven days.
# Importing CSV files
The importer guesses the separator and the encoding of a CSV file. Check the preview before you start, since an import cannot be undone. Columns with unknown names are skipped.
# API keys
An API key stands for you, so treat it like a password. Create one key per program, give it only the rights it needs, and delete keys you no longer use. Keys can expire.
# Rate limits of the API
The API answers 600 requests per minute and key. Beyond the limit it answers with status 429 and says in a header how many seconds to wait. Bulk requests count once per item.
# Webhooks
A webhook sends an event to your server as JSON. Each delivery is signed; check the signature with the secret shown when the webhook was created. Failed deliveries are tried again for a day.
# Billing and invoices
Invoices are issued on the first of the month and sent by mail to the billing contact. Pay by card or bank transfer. A failed payment is tried again three times before the account is paused.
# Cancelling a subscription
You can cancel at any time under Settings, Billing. The account stays usable until the end of the paid month, and your data can be exported for thirty more days.
# Roles and rights
Members read and write, guests read, and administrators also manage billing, members and API keys. Rights can be narrowed per project. A member can have different roles in different projects.
# Keyboard shortcuts
Press the question mark to see all shortcuts. The most useful are slash for search, N for a new entry, E to edit and Escape to go back without saving.
# Searching
Search looks through titles, texts and comments. Put words in quotes to find a phrase, add a minus to exclude a word, and filter by author or project with the menus.
]]

local STOP = {}
for word in ([[a an and are as at be by can for from has have how i if in is it its no not of on one or
    so that the their them then there to up was we what when with you your do my]]):gmatch("%a+") do
    STOP[word] = true
end

-- A light stemmer: plurals and the common endings of verbs.
local function stem(word)
    if #word > 5 then word = word:gsub("ations?$", "ate"):gsub("ing$", "") end
    if #word > 3 then word = word:gsub("ies$", "y"):gsub("([^s])s$", "%1"):gsub("ed$", "") end
    if #word > 4 then word = word:gsub("e$", ""):gsub("(.)%1$", "%1") end
    return word
end

local function terms(text)
    local list = {}
    for word in text:lower():gmatch("[%a%d]+") do
        if not STOP[word] then list[#list + 1] = stem(word) end
    end
    return list
end

local Index = {}
Index.__index = Index
local K1, B, TITLE_WEIGHT = 1.2, 0.75, 3

function Index.new() return setmetatable({ documents = {}, postings = {}, words = 0, terms = 0 }, Index) end

function Index:add(title, text)
    local id, length = #self.documents + 1, 0
    local function count(part, weight)
        for _, term in ipairs(terms(part)) do
            local posting = self.postings[term]
            if not posting then
                posting = { documents = 0, frequency = {} }
                self.postings[term], self.terms = posting, self.terms + 1
            end
            if not posting.frequency[id] then posting.documents = posting.documents + 1 end
            posting.frequency[id] = (posting.frequency[id] or 0) + weight
            length = length + 1
        end
    end
    count(title, TITLE_WEIGHT)
    count(text, 1)
    self.documents[id] = { id = id, title = title, text = text, length = length }
    self.words = self.words + length
end

function Index:search(query, limit)
    local average, total = self.words / #self.documents, #self.documents
    local scores, wanted = {}, {}
    for _, term in ipairs(terms(query)) do
        local posting = self.postings[term]
        wanted[term] = true
        if posting then
            local idf = math.log(1 + (total - posting.documents + 0.5) / (posting.documents + 0.5))
            for id, frequency in pairs(posting.frequency) do
                local norm = K1 * (1 - B + B * self.documents[id].length / average)
                scores[id] = (scores[id] or 0) + idf * frequency * (K1 + 1) / (frequency + norm)
            end
        end
    end
    local hits = {}
    for id, score in pairs(scores) do hits[#hits + 1] = { document = self.documents[id], score = score } end
    table.sort(hits, function(a, b)
        if a.score ~= b.score then return a.score > b.score end
        return a.document.id < b.document.id
    end)
    return table.move(hits, 1, math.min(limit, #hits), 1, {}), wanted
end

-- The stretch of words with the most matches, each match in [brackets].
local function snippet(text, wanted, width)
    local words, matches = {}, {}
    for word in text:gmatch("%S+") do
        local core = word:match("[%a%d]+")
        words[#words + 1] = word
        matches[#words] = core ~= nil and wanted[stem(core:lower())] == true
    end
    local best, at = -1, 1
    for start = 1, math.max(1, #words - width + 1) do
        local n = 0
        for i = start, math.min(start + width - 1, #words) do
            if matches[i] then n = n + 1 end
        end
        if n > best then best, at = n, start end
    end
    local out = {}
    for i = at, math.min(at + width - 1, #words) do
        out[#out + 1] = matches[i] and words[i]:gsub("[%a%d]+", "[%0]", 1) or words[i]
    end
    return (at > 1 and "… " or "") .. table.concat(out, " ") .. (at + width <= #words and " …" or "")
end

local index = Index.new()
for title, text in ARTICLES:gmatch("# ([^\n]+)\n([^\n]+)\n") do index:add(title, text) end
print(("%d articles, %d terms, %.1f words on average"):format(#index.documents, index.terms, index.words / #index.documents))

local QUERIES = {
    { "how do I reset my password", "Resetting your password" },
    { "export csv", "Exporting data" },
    { "api key limit", "Rate limits of the API" },
    { "lost phone", "Two-factor authentication" },
    { "failed payments", "Billing and invoices" },
    { "webhook signatures", "Webhooks" },
    { "what rights has a guest", "Roles and rights" },
}
for _, query in ipairs(QUERIES) do
    local hits, wanted = index:search(query[1], 3)
    print(("\n%s"):format(query[1]))
    for i, hit in ipairs(hits) do
        print(("  %d. %-28s %6.3f"):format(i, hit.document.title, hit.score))
        if i == 1 then print("     " .. snippet(hit.document.text, wanted, 12)) end
    end
    assert(hits[1].document.title == query[2], query[1] .. ": " .. hits[1].document.title)
end

assert(#index:search("zeppelin", 3) == 0 and #index:search("", 3) == 0)
assert(stem("exports") == stem("exported") and stem("keys") == stem("key") and stem("queries") == "query")
assert(snippet("one two three four", { two = true }, 2) == "one [two] …")

-- The most frequent words, as a word cloud would want them.
local frequencies = {}
for term, posting in pairs(index.postings) do
    local n = 0
    for _, f in pairs(posting.frequency) do n = n + f end
    frequencies[#frequencies + 1] = { term = term, n = n }
end
table.sort(frequencies, function(a, b) return a.n > b.n or a.n == b.n and a.term < b.term end)
local top = {}
for i = 1, 6 do top[i] = frequencies[i].term .. " " .. frequencies[i].n end
print("\nmost frequent: " .. table.concat(top, ", "))
return index.terms
