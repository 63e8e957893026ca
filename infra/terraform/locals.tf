# Everything below derives from infra/catalogue.json, which is generated from the code, and from tracking/, which holds
# tables and views. A new handler, event, table or view needs no edit here.
locals {
  root      = "${path.module}/../.."
  catalogue = jsondecode(file("${local.root}/infra/catalogue.json"))

  events        = toset(local.catalogue.events[*].topic)
  signals       = toset(local.catalogue.signals[*].topic)
  subscriptions = { for s in local.catalogue.subscriptions : s.name => s }
  dead_letters  = toset(compact(values(local.subscriptions)[*].dead_letter_topic))

  event_subscriptions = { for name, s in local.subscriptions : name => s if s.dead_letter_topic != null }

  services   = { for s in local.catalogue.services[var.grouping] : s.name => s }
  service_of = merge([for name, s in local.services : { for handler in s.handlers : handler => name }]...)

  # Topics on which each service may publish: those of its events, and the dead-letter topics of its handlers.
  topic_grants = merge([
    for name, s in local.services : {
      for topic in concat(s.publishes, s.dead_letters_on) : "${name}--${topic}" => { service = name, topic = topic }
    }
  ]...)

  # Role of each service on each table; writers may also read. The table of a custom analysis gets the same roles as the
  # shipped one.
  table_grants = merge([
    for name, s in local.services : merge(
      { for t in local.tables_of[name].reads : "${name}--${t}" => { service = name, table = t, role = "roles/bigquery.dataViewer" } },
      { for t in local.tables_of[name].writes : "${name}--${t}" => { service = name, table = t, role = "roles/bigquery.dataEditor" } },
    )
  ]...)
  tables_of = {
    for name, s in local.services : name => {
      for way in ["reads", "writes"] : way => concat(
        s.tables[way], contains(s.tables[way], local.output_table) ? keys(var.analyses) : []
      )
    }
  }

  # Each service writes below its own folders alone. It may also delete there, to remove an upload that arrived broken.
  folder_grants = merge([
    for name, s in local.services : {
      for folder in s.folders : "${name}--${folder}" => { service = name, folder = folder }
    }
  ]...)

  table_layouts = jsondecode(file("${local.root}/tracking/schemas/tables.json"))
  output_table  = "transcription_analyzed_transcripts"
  shipped_tables = {
    for name, t in local.table_layouts : name => merge({ schema = "${local.root}/tracking/schemas/${name}.json" }, t)
    if t.written_by != "the user" || var.source_table == ""
  }
  custom_tables = { for name, schema in var.analyses : name => merge(local.table_layouts[local.output_table], { schema = schema }) }
  tables        = merge(local.custom_tables, local.shipped_tables)
  views         = toset([for f in fileset("${local.root}/tracking/views", "*.sql") : trimsuffix(f, ".sql")])
  # answers_daily has a part for each analysis.
  view_queries = {
    for name in local.views : name => join("\nUNION ALL\n", [
      for f in concat(["${local.root}/tracking/views/${name}.sql"], name == "answers_daily" ? var.answer_views : []) : file(f)
    ])
  }

  # Call attributes are nullable columns behind those of ours.
  source_schema = jsonencode(concat(
    jsondecode(file("${local.root}/tracking/schemas/${local.default_source_table}.json")),
    [for name, type in var.source_attributes : { name = name, type = type, mode = "NULLABLE", description = "Call attribute." }]
  ))
  default_source_table = one([for name, t in local.table_layouts : name if t.written_by == "the user"])
  source_table         = var.source_table == "" ? "${var.project_id}.${local.dataset}.${local.default_source_table}" : var.source_table
  dataset              = replace(var.name, "-", "_")
  deletion_policy      = var.deletion_protection ? "PREVENT" : "DELETE"
  max_retention        = "2678400s" # 31 days, the maximum of Pub/Sub
  ack_deadline         = 600        # seconds, the maximum of Pub/Sub
}
