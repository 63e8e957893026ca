# A small deployment that may be destroyed.
project_id          = "my-troupe-dev"
name                = "troupe-dev"
deployment          = "dev001" # generate your own: openssl rand -hex 3
topic_prefix        = "dev-"
grouping            = "compact"
daily_schedule      = null
deletion_protection = false
alert_emails        = ["oncall@example.com"]
operators           = ["group:troupe-operators@example.com"]
