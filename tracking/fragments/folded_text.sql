IF(
  REGEXP_CONTAINS({text}, @unfolded),
  TRANSLATE(NORMALIZE({text}, NFC), @foreign_digits, @ascii_digits),
  {text}
)
