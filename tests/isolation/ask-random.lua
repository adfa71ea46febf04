-- Which random numbers come
for _ = 1, 20 do
    print(math.random(1, 1000000), math.random())
end
