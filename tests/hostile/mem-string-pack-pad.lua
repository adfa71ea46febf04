-- String.pack('c1000000000','') pads a billion bytes.
-- expect: memory_limit
-- time: 5000 ms
return #string.pack('c2000000000', '')
