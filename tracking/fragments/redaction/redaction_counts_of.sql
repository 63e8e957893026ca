-- What each rule replaces in the records that are planned, in the order of the rules.
SELECT [
{counts}
] AS redactions
FROM (
{steps}
) AS d
