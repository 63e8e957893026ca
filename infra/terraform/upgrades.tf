# Single grants of earlier configurations, which bindings have replaced. They are forgotten and not removed: a removal would
# take the member out of the binding again.

removed {
  from = google_pubsub_topic_iam_member.service
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_pubsub_topic_iam_member.operator
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_pubsub_topic_iam_member.dead_letter_publisher
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_pubsub_topic_iam_member.storage_publisher
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_pubsub_topic_iam_member.log_sink_publisher
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_pubsub_subscription_iam_member.dead_letter_subscriber
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_cloud_run_v2_service_iam_member.push
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_table_iam_member.service
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_table_iam_member.steward
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_table_iam_member.labeller
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_dataset_iam_member.operator
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_dataset_iam_member.steward_staging
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_dataset_iam_member.staging_editor
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_storage_bucket_iam_member.folder_writer
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_storage_bucket_iam_member.work_bucket_reader
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_storage_bucket_iam_member.output_reader
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_storage_bucket_iam_member.vertex
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_storage_bucket_iam_member.steward
  lifecycle {
    destroy = false
  }
}

removed {
  from = google_bigquery_table_iam_member.source
  lifecycle {
    destroy = false
  }
}

moved {
  from = google_monitoring_alert_policy.silent_tick
  to   = google_monitoring_alert_policy.alert["silent-tick"]
}

moved {
  from = google_logging_metric.logged_error
  to   = google_logging_metric.logged
}
