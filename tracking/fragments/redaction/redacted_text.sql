REGEXP_REPLACE({text}, @pattern_{number}, @replacement_{number})
