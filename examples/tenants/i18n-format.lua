-- Internationalisation: numbers, money, plurals, dates and lists per locale, Roman numerals and numbers in words.
-- expect: ok
-- output: en  1,234,567.89  €1,234.50   3 files, 1 folder     March 9, 2024

local LOCALES = {
    en = {
        decimal = ".", group = ",", money = "€%s", date = "%B %d, %Y", ["and"] = "and",
        months = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" },
        plural = function(n) return n == 1 and "one" or "other" end,
        files = { one = "%s file", other = "%s files" }, folders = { one = "%s folder", other = "%s folders" },
    },
    de = {
        decimal = ",", group = ".", money = "%s €", date = "%d. %B %Y", ["and"] = "und",
        months = { "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember" },
        plural = function(n) return n == 1 and "one" or "other" end,
        files = { one = "%s Datei", other = "%s Dateien" }, folders = { one = "%s Ordner", other = "%s Ordner" },
    },
    fr = {
        decimal = ",", group = "\u{202F}", money = "%s €", date = "%d %B %Y", ["and"] = "et",
        months = { "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre" },
        plural = function(n) return n < 2 and "one" or "other" end,
        files = { one = "%s fichier", other = "%s fichiers" }, folders = { one = "%s dossier", other = "%s dossiers" },
    },
    pl = {
        decimal = ",", group = " ", money = "%s €", date = "%d %B %Y", ["and"] = "i",
        months = { "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia" },
        plural = function(n)
            if n == 1 then return "one" end
            local ten, hundred = n % 10, n % 100
            return ten >= 2 and ten <= 4 and (hundred < 12 or hundred > 14) and "few" or "many"
        end,
        files = { one = "%s plik", few = "%s pliki", many = "%s plików" },
        folders = { one = "%s folder", few = "%s foldery", many = "%s folderów" },
    },
    hi = {
        decimal = ".", group = ",", indian = true, money = "€%s", date = "%d %B %Y", ["and"] = "और",
        months = { "जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर" },
        plural = function(n) return n < 2 and "one" or "other" end,
        files = { one = "%s फ़ाइल", other = "%s फ़ाइलें" }, folders = { one = "%s फ़ोल्डर", other = "%s फ़ोल्डर" },
    },
}

-- Groups of three, or of three and then two as in India: 12,34,567.
local function group(digits, separator, indian)
    if #digits <= 3 then return digits end
    local head, tail, size = digits:sub(1, -4), digits:sub(-3), indian and 2 or 3
    local parts = {}
    for stop = #head, 1, -size do table.insert(parts, 1, head:sub(math.max(1, stop - size + 1), stop)) end
    parts[#parts + 1] = tail
    return table.concat(parts, separator)
end

local function number(locale, value, digits)
    local text = digits and ("%." .. digits .. "f"):format(value) or tostring(value)
    local sign, whole, rest = text:match("^(%-?)(%d+)%.?(%d*)$")
    local grouped = group(whole, locale.group, locale.indian)
    return sign .. grouped .. (rest ~= "" and locale.decimal .. rest or "")
end

local function money(locale, cents) return (locale.money:format(number(locale, cents / 100, 2))) end

local function plural(locale, forms, n) return forms[locale.plural(n)]:format(number(locale, n)) end

local function date(locale, y, m, d)
    return (locale.date:gsub("%%(%a)", { Y = tostring(y), B = locale.months[m], d = tostring(d) }))
end

local function list(locale, items)
    if #items < 2 then return items[1] or "" end
    local comma = locale == LOCALES.en and #items > 2 and "," or ""
    return table.concat(items, ", ", 1, #items - 1) .. comma .. " " .. locale["and"] .. " " .. items[#items]
end

local ROMAN = { { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" }, { 100, "C" }, { 90, "XC" },
    { 50, "L" }, { 40, "XL" }, { 10, "X" }, { 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" } }

local function to_roman(n)
    assert(math.type(n) == "integer" and n > 0 and n < 4000, "Roman numerals go from 1 to 3999")
    local out = {}
    for _, entry in ipairs(ROMAN) do
        out[#out + 1] = entry[2]:rep(n // entry[1])
        n = n % entry[1]
    end
    return table.concat(out)
end

local VALUES = { I = 1, V = 5, X = 10, L = 50, C = 100, D = 500, M = 1000 }

local function from_roman(text)
    local total, previous = 0, 0
    for c in text:upper():reverse():gmatch(".") do
        local value = VALUES[c] or error("not a Roman numeral: " .. text, 0)
        total = total + (value < previous and -value or value)
        previous = math.max(previous, value)
    end
    if to_roman(total) ~= text:upper() then error("not a Roman numeral: " .. text, 0) end
    return total
end

local SMALL = {}
for word in ([[one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen]]):gmatch("%a+") do SMALL[#SMALL + 1] = word end
local TENS = { "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety" }
local SCALES = { { 10 ^ 9 // 1 | 0, "billion" }, { 10 ^ 6 // 1 | 0, "million" }, { 1000, "thousand" }, { 100, "hundred" } }

local function in_words(n)
    if n < 0 then return "minus " .. in_words(-n) end
    if n == 0 then return "zero" end
    for _, scale in ipairs(SCALES) do
        if n >= scale[1] then
            local rest = n % scale[1]
            local joint = rest == 0 and "" or rest < 100 and " and " or " "
            return in_words(n // scale[1]) .. " " .. scale[2] .. joint .. (rest == 0 and "" or in_words(rest))
        end
    end
    if n < 20 then return SMALL[n] end
    return TENS[n // 10] .. (n % 10 == 0 and "" or "-" .. SMALL[n % 10])
end

local function pad(text, width) return text .. (" "):rep(width - utf8.len(text)) end

for _, name in ipairs { "en", "de", "fr", "pl", "hi" } do
    local locale = LOCALES[name]
    print(("%s  %s  %s  %s, %s  %s"):format(name, pad(number(locale, 1234567.89, 2), 12), pad(money(locale, 123450), 10),
        plural(locale, locale.files, 3), pad(plural(locale, locale.folders, 1), 11), date(locale, 2024, 3, 9)))
end
for _, year in ipairs { 1789, 1994, 2024, 3999 } do print(("%d  %-12s %s"):format(year, to_roman(year), in_words(year))) end

assert(number(LOCALES.de, -1234567.891, 2) == "-1.234.567,89" and number(LOCALES.hi, 123456789) == "12,34,56,789")
assert(number(LOCALES.en, 999) == "999" and number(LOCALES.en, 1000) == "1,000" and number(LOCALES.fr, 0.5, 1) == "0,5")
local polish = {}
for i, n in ipairs { 1, 2, 5, 12, 22, 100, 104, 113 } do polish[i] = plural(LOCALES.pl, LOCALES.pl.files, n) end
assert(table.concat(polish, "; ") == "1 plik; 2 pliki; 5 plików; 12 plików; 22 pliki; 100 plików; 104 pliki; 113 plików")
assert(list(LOCALES.en, { "a", "b", "c" }) == "a, b, and c" and list(LOCALES.de, { "a", "b", "c" }) == "a, b und c")
for n = 1, 3999, 31 do assert(from_roman(to_roman(n)) == n) end
assert(from_roman("mcmxciv") == 1994 and not pcall(from_roman, "IIII") and not pcall(from_roman, "ABC") and not pcall(to_roman, 4000))
assert(in_words(1234567) == "one million two hundred and thirty-four thousand five hundred and sixty-seven")
assert(in_words(-1000000019) == "minus one billion and nineteen" and in_words(100) == "one hundred")
return to_roman(2024)
