"""Services: accounts, settings, probes, callers."""

import re
from collections.abc import Iterator

from tests.terraform.terraform import Plan

from .registry import environment, granted, invariant, services


@invariant
def every_service_has_its_own_account_and_is_private(plan: Plan) -> Iterator[str]:
    accounts = [each["template"][0]["service_account"] for each in services(plan).values()]
    own = {each["email"] for each in plan.of("google_service_account", "service").values()}
    if set(accounts) != own or len(set(accounts)) != len(accounts):
        yield "services share accounts"
    for name, each in services(plan).items():
        (container,) = each["template"][0]["containers"]
        if not re.search(r"@sha256:[0-9a-f]{64}$", container["image"]):
            yield f"the image of {name} is not pinned"
        if each["ingress"] != "INGRESS_TRAFFIC_INTERNAL_ONLY":
            yield f"{name} is reachable from the internet"
        (resources,), (scaling,) = container["resources"], each["template"][0]["scaling"]
        if resources["cpu_idle"] is not True or scaling["min_instance_count"] != 0:
            yield f"{name} costs money while idle"
        if resources["startup_cpu_boost"] is not True or resources["limits"]["cpu"] != "1":
            yield f"{name} starts slowly"
        if not 1 <= (scaling["max_instance_count"] or 0) <= 100:
            yield f"{name} may grow to {scaling['max_instance_count']} instances"


@invariant
def every_service_gets_its_settings(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        variables, (template,) = environment(each), each["template"]
        if variables.get("TROUPE_HANDLER") != name or not each["name"].endswith(f"-{name}"):
            yield f"{name} runs {variables.get('TROUPE_HANDLER')}"
        if variables.get("TROUPE_CONCURRENCY") != str(template["max_instance_request_concurrency"]):
            yield f"{name} receives more requests at once than it handles"
        if set(plan.outputs["settings"].items()) - set(variables.items()):
            yield f"{name} lacks settings that the command has"


@invariant
def a_service_that_does_not_start_is_stopped(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        (probe,) = each["template"][0]["containers"][0]["startup_probe"]
        if probe["http_get"][0]["path"] != "/healthz":
            yield f"{name} has no startup probe"
        if not 60 <= (probe["period_seconds"] or 10) * (probe["failure_threshold"] or 3) <= 240:
            yield f"{name} has too little or too much time to start"


@invariant
def an_instance_that_is_not_ready_loses_its_requests(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        (probe,) = each["template"][0]["containers"][0]["readiness_probe"] or [{"http_get": [{}]}]
        if probe["http_get"][0].get("path") != "/readyz":
            yield f"{name} has no readiness probe"
        elif (probe["period_seconds"], probe["timeout_seconds"]) != (30, 10):
            yield f"{name} is asked too often, which is billed, or too rarely"
        elif probe["failure_threshold"] != 2:
            yield f"{name} loses its requests after {probe['failure_threshold']} failures"


@invariant
def all_traffic_goes_to_one_revision(plan: Plan) -> Iterator[str]:
    """To the newest one, unless another is named; a revision that is staged has a tag and no traffic."""
    serving = plan.json["variables"].get("serving_revision", {}).get("value")
    newest = plan.outputs["revision"]
    for name, each in services(plan).items():
        own = each["template"][0]["revision"]
        if own != f"{each['name']}-{newest}" or len(own) > 63:
            yield f"the revision of {name} is {own}"
        kind = f"TRAFFIC_TARGET_ALLOCATION_TYPE_{'REVISION' if serving else 'LATEST'}"
        wanted: list[tuple[str, str | None, int, str | None]] = [
            (kind, f"{each['name']}-{serving}" if serving else None, 100, None)
        ]
        if serving not in (None, newest):
            wanted.append(("TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", own, 0, "next"))
        if wanted != [(t["type"], t["revision"], t["percent"], t["tag"]) for t in each["traffic"]]:
            yield f"{name} sends its traffic to {each['traffic']}"


@invariant
def deletion_protection_is_the_same_everywhere(plan: Plan) -> Iterator[str]:
    kinds = ("google_pubsub_topic", "google_pubsub_subscription", "google_storage_bucket")
    policies = {each["deletion_policy"] for kind in kinds for each in plan.all(kind)}
    if len(policies) != 1 or policies - {"PREVENT", "DELETE"}:
        yield f"different deletion policies: {policies}"
    protected = policies == {"PREVENT"}
    for name, each in plan.of("google_bigquery_table", "table").items():
        if each["deletion_protection"] is not protected:
            yield f"table {name} has another deletion protection than the topics"
    for name, each in services(plan).items():
        if each["deletion_protection"] is not protected:
            yield f"service {name} has another deletion protection than the topics"
    for each in plan.of("google_storage_bucket").values():
        if each["force_destroy"] is protected:
            yield "a bucket has another deletion protection than the topics"


@invariant
def only_pushes_reach_a_service(plan: Plan) -> Iterator[str]:
    console = {each["name"] for each in plan.of("google_cloud_run_v2_service", "console").values()}
    invokers = [
        each for each in granted(plan, "google_cloud_run_v2_service") if each["name"] not in console
    ]
    if {each["name"] for each in invokers} != {s["name"] for s in services(plan).values()}:
        yield "pushes do not reach every service"
    for each in invokers:
        if "-push@" not in each["member"] or each["role"] != "roles/run.invoker":
            yield f"{each['member']} may call {each['name']} as {each['role']}"


@invariant
def the_console_is_behind_a_sign_in(plan: Plan) -> Iterator[str]:
    """People are signed in by Identity-Aware Proxy, which alone calls the service."""
    for each in plan.of("google_cloud_run_v2_service", "console").values():
        (template,), settings = each["template"], environment(each)
        (container,) = template["containers"]
        invokers = [
            grant["member"]
            for grant in granted(plan, "google_cloud_run_v2_service")
            if grant["name"] == each["name"] and grant["role"] == "roles/run.invoker"
        ]
        if each["iap_enabled"] is not True or each["ingress"] != "INGRESS_TRAFFIC_ALL":
            yield "the console is open, or no user reaches it"
        if not re.fullmatch(r"\[\S+@gcp-sa-iap\.iam\.gserviceaccount\.com'\]", str(invokers)):
            yield f"{invokers} may call the console"
        if not settings["TROUPE_CONSOLE_IAP_AUDIENCE"].endswith(f"/services/{each['name']}"):
            yield "the console takes the tokens of another service"
        if set(plan.outputs["settings"].items()) - set(settings.items()):
            yield "the console lacks settings that the command has"
        wanted = ["python", "-m", "troupe", "--backend", "gcp", "console"]
        if [*container["command"], *container["args"]][:6] != wanted:
            yield f"the console runs {container['command']}"
        if not {"--allow-host", plan.outputs["console"].removeprefix("https://")} <= {
            *container["args"]
        }:
            yield "the console does not know its address"
        (scaling,), (resources,) = template["scaling"], container["resources"]
        if (scaling["min_instance_count"], scaling["max_instance_count"]) != (0, 1):
            yield "the console has several instances, each with secrets of its own, or costs money"
        if not resources["cpu_idle"] or not resources["startup_cpu_boost"]:
            yield "the console costs money while idle, or starts slowly"
        if each["deletion_protection"] not in {
            s["deletion_protection"] for s in services(plan).values()
        }:
            yield "the console has another deletion protection than the services"
        users = granted(plan, "google_iap_web_cloud_run_service")
        if not users or {u["role"] for u in users} != {"roles/iap.httpsResourceAccessor"}:
            yield "no user may open the console"
        accounts = {a["email"] for a in plan.of("google_service_account", "console").values()}
        if {template["service_account"]} != accounts:
            yield f"the console acts as {template['service_account']}"
