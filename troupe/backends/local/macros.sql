-- BigQuery's TO_JSON_STRING for the types that our statements pass to it. Control characters are written
-- in lower case, and U+2028 and U+2029 are escaped, as in google/zetasql, common/json_util.cc.
CREATE OR REPLACE MACRO json_quoted(text) AS
  CASE
    WHEN regexp_matches(text, '[\x00-\x07\x0b\x0e-\x1f\x{2028}\x{2029}]') THEN
      '"' || list_reduce(
        list_prepend(
          replace(replace(text, '\', '\\'), '"', '\"'),
          list_transform(
            [0, 8, 9, 10, 12, 13, 1, 2, 3, 4, 5, 6, 7, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
             25, 26, 27, 28, 29, 30, 31, 8232, 8233],
            lambda code: chr(code)
          )
        ),
        lambda done, character: replace(
          done, character,
          CASE ord(character)
            WHEN 8 THEN '\b' WHEN 9 THEN '\t' WHEN 10 THEN '\n' WHEN 12 THEN '\f' WHEN 13 THEN '\r'
            ELSE '\u' || lpad(lower(to_hex(ord(character))), 4, '0')
          END
        )
      ) || '"'
    ELSE CAST(to_json(text) AS VARCHAR)
  END;

CREATE OR REPLACE MACRO json_text(text) AS coalesce(json_quoted(text), 'null');

CREATE OR REPLACE MACRO json_strings(texts) AS
  '[' || array_to_string(list_transform(texts, lambda text: coalesce(json_quoted(text), 'null')), ',') || ']';
