project_id      = "my-troupe-prod"
region          = "europe-west4"
deployment      = "a1b2c3" # generate your own, once: openssl rand -hex 3
source_table    = "my-warehouse.calls.transcription_pass_2"
daily_schedule  = "0 3 * * *"
daily_run       = { mode = "incremental", budget = 100 }
alert_emails    = ["oncall@example.com"]
operators       = ["group:troupe-operators@example.com"]
stewards        = ["group:troupe-stewards@example.com"]
labellers       = ["group:troupe-labellers@example.com"]
billing_account = "000000-000000-000000"
monthly_budget  = { units = 1000, currency = "USD" }
