-- Strings that look like numbers ('0x10', ' 7 ', '1e309', 'nan', 'inf').
-- expect: ok
return '0x10', ' 7 ', '1e309', 'nan', 'inf', '0x1p-1080', '9223372036854775808', '1_000'
