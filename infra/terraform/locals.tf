# Everything below is derived from two places: infra/catalogue.json, which is generated from the code,
# and tracking/, which holds the tables and views. A new handler, event, table or view needs no edit here.
locals {
  root      = "${path.module}/../.."
  catalogue = jsondecode(file("${local.root}/infra/catalogue.json"))

  events         = toset(local.catalogue.events[*].topic)
  signals       = toset(local.catalogue.signals[*].topic)
  subscriptions = { for s in local.catalogue.subscriptions : s.name => s }
  dead_letters  = toset(compact(values(local.subscriptions)[*].dead_letter_topic))

  of_events = { for name, s in local.subscriptions : name => s if s.dead_letter_topic != null }

  services   = { for s in local.catalogue.services[var.grouping] : s.name => s }
  service_of = merge([for name, s in local.services : { for handler in s.handlers : handler => name }]...)

  # What each service may publish on: the topics of its events, and where it sends messages to dead letters.
  publishes = merge([
    for name, s in local.services : {
      for topic in concat(s.publishes, s.dead_letters_on) : "${name}--${topic}" => { service = name, topic = topic }
    }
  ]...)

  # What each service may do with each table: to write is to read as well. The table of an analysis of
  # your own is used as the shipped one is.
  uses = merge([
    for name, s in local.services : merge(
      { for t in local.reach[name].reads : "${name}--${t}" => { service = name, table = t, role = "roles/bigquery.dataViewer" } },
      { for t in local.reach[name].writes : "${name}--${t}" => { service = name, table = t, role = "roles/bigquery.dataEditor" } },
    )
  ]...)
  reach = {
    for name, s in local.services : name => {
      for way in ["reads", "writes"] : way => concat(
        s.tables[way], contains(s.tables[way], local.output) ? keys(var.analyses) : []
      )
    }
  }

  # Each service writes below its own folders alone. To delete is part of it: an upload that arrived broken is taken back.
  fills = merge([
    for name, s in local.services : {
      for folder in s.folders : "${name}--${folder}" => { service = name, folder = folder }
    }
  ]...)

  layouts = jsondecode(file("${local.root}/tracking/schemas/tables.json"))
  output  = "transcription_analyzed_transcripts"
  shipped = {
    for name, t in local.layouts : name => merge({ schema = "${local.root}/tracking/schemas/${name}.json" }, t)
    if t.written_by != "the user" || var.source_table == ""
  }
  own    = { for name, schema in var.analyses : name => merge(local.layouts[local.output], { schema = schema }) }
  tables = merge(local.own, local.shipped)
  views  = toset([for f in fileset("${local.root}/tracking/views", "*.sql") : trimsuffix(f, ".sql")])

  own_source      = one([for name, t in local.layouts : name if t.written_by == "the user"])
  source          = var.source_table == "" ? "${var.project_id}.${local.dataset}.${local.own_source}" : var.source_table
  dataset         = replace(var.name, "-", "_")
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"
  longest         = "2678400s" # 31 days: Pub/Sub keeps no message longer
  deadline        = 600        # seconds: a push is waited for no longer
}
