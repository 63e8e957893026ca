"""The local job service: the stand-in for Vertex AI behind the handlers' port."""

from collections.abc import Mapping
from datetime import datetime
from typing import Unpack

from handlers.dispatch.errors import Refused
from handlers.ports import Job, JobRequest
from troupe.standin.vertex import InvalidRequest, StandIn, UnknownModel


class LocalJobService:
    """Calls `StandIn`, and raises its refusals as `Refused`."""

    def __init__(self, service: StandIn) -> None:
        self.service = service

    def create(self, **request: Unpack[JobRequest]) -> Job:
        model = request["model"]
        request["display_name"] = request["display_name"][:128]
        request["model"] = model if "/" in model else f"publishers/google/models/{model}"
        try:
            return self.service.create(**request)
        except UnknownModel as error:
            raise Refused("model_not_found", f"there is no model {model}") from error
        except InvalidRequest as error:
            raise Refused("bad_request", str(error)) from error

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return self.service.find(labels)

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        return self.service.created_since(since, labels)

    def get(self, name: str) -> Job | None:
        return self.service.get(name)

    def cancel(self, name: str) -> None:
        self.service.cancel(name)
