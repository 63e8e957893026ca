-- Delete the analysed rows of one person from one output table.
DELETE FROM {output} WHERE phone_number_token = @phone_number_token;
