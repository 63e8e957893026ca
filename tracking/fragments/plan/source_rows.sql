-- The source table under our column names. `record_id` follows `events.ids.record_id`.
SELECT
  SUBSTR(TO_HEX(SHA256(TO_JSON_STRING([
    CAST({phone_number_token} AS STRING),
    CAST({interaction_id} AS STRING),
    CAST({reference_id} AS STRING)
  ]))), 1, 32) AS record_id,
  CAST({phone_number_token} AS STRING) AS phone_number_token,
  CAST({interaction_id} AS STRING) AS interaction_id,
  CAST({reference_id} AS STRING) AS reference_id,
  {transcript} AS transcript,
  {direction} AS direction,
  {provider} AS provider,
  {event_timestamp} AS event_timestamp,
  {attribute_values} AS attributes,
  {attribute_filter} AS fits_attributes
FROM {source}
