# Who holds each role on the topics and tables that this configuration creates. A binding is authoritative: it removes what
# another resource grants for the same role, so each pair of resource and role is given once, with all of its members. On what
# belongs to others (the project, a source table, a key, a secret) single members are added.
locals {
  # The Pub/Sub agent forwards dead letters, the agent of Cloud Storage sends the notifications of the output bucket, and the
  # log sink has an identity of its own. Cloud Scheduler publishes with its agent's role on the project.
  publishers = {
    for topic in setunion(local.events, local.signals, local.dead_letters) : topic => concat(
      [for g in local.topic_grants : google_service_account.service[g.service].member if g.topic == topic],
      contains(local.catalogue.operators.publishes, topic) ? concat(tolist(var.operators), local.console_members) : [],
      contains(local.dead_letters, topic) ? [local.pubsub_agent] : [],
      topic == "gcs-object" ? [local.storage_agent] : [],
      topic == "watch-tick" ? google_logging_project_sink.vertex_jobs[*].writer_identity : [],
    )
  }

  # Role of each account and person on each table; writers may also read.
  table_members = {
    for g in concat(
      [for g in local.table_grants : { table = g.table, role = g.role, member = google_service_account.service[g.service].member }],
      [for p in setproduct(local.steward_writes, var.stewards) : { table = p[0], role = "roles/bigquery.dataEditor", member = p[1] }],
      [for p in setproduct(local.catalogue.labellers.writes, var.labellers) : { table = p[0], role = "roles/bigquery.dataEditor", member = p[1] }],
      [
        for name, s in local.services : { table = local.default_source_table, role = "roles/bigquery.dataViewer", member = google_service_account.service[name].member }
        if s.reads_source && var.source_table == ""
      ],
    ) : "${g.table}--${trimprefix(g.role, "roles/bigquery.")}" => g...
  }
}
