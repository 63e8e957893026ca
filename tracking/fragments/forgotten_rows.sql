-- Analysed rows of one person, in one table.
DELETE FROM {output} WHERE phone_number_token = @phone_number_token;
