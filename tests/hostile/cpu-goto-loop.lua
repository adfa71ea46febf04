-- Backward goto, no calls, no loop statement.
-- expect: time_limit
::a:: goto a
