-- levels: none restricted strict(math)
local check = require "check"

check.is("square roots", math.sqrt(0), math.sqrt(2), math.sqrt(16), math.sqrt(1e300), math.sqrt(-1) ~= math.sqrt(-1))
check.is("exponentials", math.exp(0), math.exp(1), math.exp(-745.2), math.exp(710), math.exp(-1 / 0))
check.is("logarithms", math.log(1), math.log(2.718281828459045), math.log(0), math.log(8, 2), math.log(1000, 10), math.log(27, 3), math.log(2, 1), math.log(-1) ~= math.log(-1), math.log(1024, 2), math.log(100, 10), math.log(0.5, 4))
check.is("sines", math.sin(0), math.sin(1), math.sin(math.pi), math.sin(-2), math.sin(1e22))
check.is("cosines", math.cos(0), math.cos(1), math.cos(math.pi / 2), math.cos(1e22))
check.is("tangents", math.tan(0), math.tan(1), math.tan(-1))
check.is("arcs", math.asin(1), math.acos(1), math.acos(-1), math.atan(1), math.asin(2) ~= math.asin(2))
check.is("arc of two", math.atan(1, 1), math.atan(1, -1), math.atan(-1, -1), math.atan(0, -1), math.atan(-0.0, -1), math.atan(0.0, 0.0), math.atan(-0.0, 0.0), math.atan(1, 0), math.atan(1 / 0, 1 / 0))
check.is("degrees and radians", math.deg(math.pi), math.rad(180), math.deg(1), math.rad(90) == math.pi / 2)
check.each {
    "math.sqrt()", "math.sqrt('x')", "math.sqrt('4')", "math.sin({})", "math.log(8, 'x')", "math.log()", "math.log(8, nil)", "math.log(8, 0)", "math.log(8, -2)", "math.exp(nil)", "math.atan('1')", "math.atan(1, {})", "math.deg()", "math.cos(true)", "math.pow", "math.cosh", "math.log10", "math.ldexp", "math.frexp",
}
check.is("what is there", type(math.sin), type(math.random), type(math.randomseed), type(math.ult), type(math.pi))
