-- One block of nearly all memory, then none
local s = ("message"):rep(300000)
kept = s
s = nil
kept = nil
