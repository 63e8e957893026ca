-- How many analysed rows are kept of this person?
SELECT COUNT(*) AS output_rows FROM {output} WHERE phone_number_token = @phone_number_token
