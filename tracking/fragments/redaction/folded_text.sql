IF(
  REGEXP_CONTAINS({text}, @unfolded),
  NORMALIZE(TRANSLATE({text}, @foreign_signs, @ascii_signs), NFC),
  {text}
)
