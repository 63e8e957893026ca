-- How many analysed rows of this person does one output table hold?
SELECT COUNT(*) AS output_rows FROM {output} WHERE phone_number_token = @phone_number_token
