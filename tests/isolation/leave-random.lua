-- Sets the seed, and takes many numbers
math.randomseed(42)
for _ = 1, 1000 do
    math.random()
end
math.randomseed()
