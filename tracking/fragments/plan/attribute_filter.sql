-- Whether a source row fits the request's conditions on call attributes: all do where it has none.
TRUE
