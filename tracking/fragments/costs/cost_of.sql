-- The cost of one answer in US dollars; NULL when the answer reports no tokens.
IF({row}.prompt_tokens IS NULL, NULL, (
  (COALESCE({row}.prompt_tokens, 0) - COALESCE({row}.cached_tokens, 0)) * @input_price
  + COALESCE({row}.cached_tokens, 0) * @cached_price
  + (COALESCE({row}.output_tokens, 0) + COALESCE({row}.thoughts_tokens, 0)) * @output_price
) / 1000000)
