-- Calendar: day numbers, weekdays, ISO weeks, Easter, recurring appointments and business days, without the clock.
-- expect: ok
-- output:        October 2024

-- Days are counted from 1970-01-01 in the proleptic Gregorian calendar (after Howard Hinnant's algorithms).

local function to_days(y, m, d)
    if m <= 2 then y = y - 1 end
    local era, year = y // 400, y % 400
    local day = (153 * ((m + 9) % 12) + 2) // 5 + d - 1
    return era * 146097 + year * 365 + year // 4 - year // 100 + day - 719468
end

local function from_days(days)
    days = days + 719468
    local era, rest = days // 146097, days % 146097
    local year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    local day = rest - (365 * year + year // 4 - year // 100)
    local month = (5 * day + 2) // 153
    local m = month < 10 and month + 3 or month - 9
    return year + era * 400 + (m <= 2 and 1 or 0), m, day - (153 * month + 2) // 5 + 1
end

-- Monday is 1, Sunday 7.
local function weekday(days) return (days + 3) % 7 + 1 end

local function is_leap(y) return y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) end

local function month_length(y, m)
    if m == 2 then return is_leap(y) and 29 or 28 end
    return (m == 4 or m == 6 or m == 9 or m == 11) and 30 or 31
end

local function parse(text)
    local y, m, d = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)$")
    if not y then return nil, "not a date: " .. text end
    y, m, d = tonumber(y), tonumber(m), tonumber(d)
    if m < 1 or m > 12 or d < 1 or d > month_length(y, m) then return nil, "no such day: " .. text end
    return to_days(y, m, d)
end

local function format(days) return ("%04d-%02d-%02d"):format(from_days(days)) end

-- The ISO week belongs to the year of its Thursday.
local function iso_week(days)
    local thursday = days - weekday(days) + 4
    local y = from_days(thursday)
    return y, (thursday - to_days(y, 1, 1)) // 7 + 1
end

-- The 31st of a shorter month is its last day.
local function add_months(days, n)
    local y, m, d = from_days(days)
    local months = y * 12 + m - 1 + n
    y, m = months // 12, months % 12 + 1
    return to_days(y, m, math.min(d, month_length(y, m)))
end

-- Easter Sunday after Butcher and Meeus.
local function easter(y)
    local a, b, c = y % 19, y // 100, y % 100
    local h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    local l = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    local m = (a + 11 * h + 22 * l) // 451
    local n = h + l - 7 * m + 114
    return to_days(y, n // 31, n % 31 + 1)
end

local function holidays(y)
    local set = {}
    for _, offset in ipairs { -2, 0, 1, 39, 49, 50 } do set[easter(y) + offset] = true end
    for _, fixed in ipairs { { 1, 1 }, { 5, 1 }, { 12, 24 }, { 12, 25 }, { 12, 26 }, { 12, 31 } } do
        set[to_days(y, fixed[1], fixed[2])] = true
    end
    return set
end

local holiday_cache = {}

local function is_business_day(days)
    local y = from_days(days)
    holiday_cache[y] = holiday_cache[y] or holidays(y)
    return weekday(days) <= 5 and not holiday_cache[y][days]
end

local function add_business_days(days, n)
    while n > 0 do
        days = days + 1
        if is_business_day(days) then n = n - 1 end
    end
    return days
end

-- "every 2 weeks on mon,thu from 2024-09-02", "every 1 months on day 31 from …", "every 3 days from …"
local NAMES = { mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6, sun = 7 }

local function occurrences(rule, limit)
    local every, unit, on, start = rule:match("^every (%d+) (%a+)%s*(.-) from (%S+)$")
    local step, first, list = tonumber(every), assert(parse(start)), {}
    if unit == "days" then
        for i = 0, limit - 1 do list[#list + 1] = first + i * step end
    elseif unit == "months" then
        for i = 0, limit - 1 do list[#list + 1] = add_months(first, i * step) end
    elseif unit == "weeks" then
        local wanted, monday = {}, first - weekday(first) + 1
        for name in on:gmatch("%f[%a](%a%a%a)%f[%A]") do wanted[NAMES[name] or 0] = true end
        while #list < limit do
            for d = 1, 7 do
                local day = monday + d - 1
                if wanted[d] and day >= first and #list < limit then list[#list + 1] = day end
            end
            monday = monday + 7 * step
        end
    end
    return list
end

local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" }

local function month_sheet(y, m, marked)
    local first = to_days(y, m, 1)
    local cells = { ("%13s %d"):format(MONTHS[m], y), "\nMo Tu We Th Fr Sa Su   week\n", ("   "):rep(weekday(first) - 1) }
    for day = first, first + month_length(y, m) - 1 do
        local _, _, d = from_days(day)
        local last = weekday(day) == 7 or day == first + month_length(y, m) - 1
        cells[#cells + 1] = ("%2d%s"):format(d, marked[day] and "*" or " ")
        if last then
            local _, week = iso_week(day)
            cells[#cells + 1] = ("   "):rep(7 - weekday(day)) .. ("  %d\n"):format(week)
        end
    end
    return table.concat(cells)
end

local marked = {}
for _, day in ipairs(occurrences("every 2 weeks on mon,thu from 2024-09-19", 8)) do marked[day] = true end
print((" " .. month_sheet(2024, 10, marked):gsub("\n$", "")))
for _, y in ipairs { 2024, 2025, 2026 } do print(("Easter %d: %s"):format(y, format(easter(y)))) end
local due = add_business_days(assert(parse("2024-12-20")), 10)
print("10 business days after 2024-12-20: " .. format(due))

-- Every day of a few centuries keeps its number, and the weeks follow each other.
for day = to_days(1896, 2, 28), to_days(1904, 3, 1) do assert(to_days(from_days(day)) == day) end
assert(to_days(1970, 1, 1) == 0 and to_days(2000, 3, 1) == 11017 and format(-719468) == "0000-03-01")
assert(weekday(to_days(2024, 10, 16)) == 3 and weekday(to_days(1969, 7, 20)) == 7)
for date, week in pairs { ["2021-01-03"] = "2020-53", ["2024-12-30"] = "2025-1", ["2024-10-16"] = "2024-42", ["2016-01-01"] = "2015-53" } do
    assert(("%d-%d"):format(iso_week(parse(date))) == week, date)
end
assert(format(easter(2024)) == "2024-03-31" and format(easter(2038)) == "2038-04-25" and format(easter(1961)) == "1961-04-02")
assert(format(add_months(parse("2024-01-31"), 1)) == "2024-02-29" and format(add_months(parse("2024-03-31"), -13)) == "2023-02-28")
local months = {}
for i, day in ipairs(occurrences("every 1 months on day 31 from 2023-12-31", 4)) do months[i] = format(day) end
assert(table.concat(months, " ") == "2023-12-31 2024-01-31 2024-02-29 2024-03-31")
assert(format(due) == "2025-01-10")
assert(not parse("2023-02-29") and select(2, parse("2024-13-01")) == "no such day: 2024-13-01" and not parse("tomorrow"))

-- The host's calendar agrees, where there is one.
if os and os.date then
    for _, day in ipairs { 0, 11016, 19999, 24855 } do
        local y, week = iso_week(day)
        assert(os.date("!%Y-%m-%d %G-%V %u", day * 86400) == ("%s %04d-%02d %d"):format(format(day), y, week, weekday(day)))
    end
end
return format(due)
