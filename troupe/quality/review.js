"use strict";
// What the page does: show one record at a time, take a judgement for each column, keep them in
// this browser, and export them as labels. Everything that a record says is set as text, never as
// HTML. `judged` has, by record and column, {how: right | wrong | corrected, text: what was typed}.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const records = data.records;
  const KEY = `troupe-review-${data.sample}`;
  const byId = name => document.getElementById(name);
  const columnOf = new Map(data.columns.map(column => [column.name, column]));
  const recordOf = new Map(records.map(record => [record.id, record]));
  let state = { reviewer: "", at: 0, singleKeys: true, judged: {} };
  let exported = "";  // the judgements at the last export, to warn of what would be lost

  function element(name, properties, ...inside) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...inside);
    return made;
  }

  // Values

  // Equal values have equal texts, whatever the order of their properties.
  const canonical = value => JSON.stringify(value, (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part);
  const kindOf = schema => String(schema.type).toLowerCase();
  const isBlank = value => typeof value === "string" && !value.trim();

  function shown(value) {
    if (value === null) return "none";
    if (Array.isArray(value)) return value.length ? value.map(shown).join("\n") : "none";
    if (typeof value === "object")
      return Object.entries(value).filter(([, part]) => part !== null)
        .map(([name, part]) => `${name}: ${shown(part)}`).join("; ");
    return isBlank(value) ? "(blank)" : String(value);
  }

  // A value that the schema does not have cannot be right; a blank text is no label.
  const canBeRight = (column, value) =>
    !isBlank(value) && (value !== null || column.nullable);

  // The choices of a closed column; null for every other.
  function choicesOf(column) {
    const kind = kindOf(column.schema);
    const values = kind === "boolean" ? [true, false] : kind === "string" && column.schema.enum;
    return values ? [...values, ...(column.nullable ? [null] : [])] : null;
  }

  function problemOf(schema, value) {
    const kind = kindOf(schema);
    const size = typeof value === "string" ? [...value].length : value.length;
    const [least, most, what] = {
      string: [schema.minLength, schema.maxLength, size],
      array: [schema.minItems, schema.maxItems, size],
      integer: [schema.minimum, schema.maximum, value],
      number: [schema.minimum, schema.maximum, value],
    }[kind] || [];
    const fits = {
      string: () => typeof value === "string",
      boolean: () => typeof value === "boolean",
      integer: () => Number.isSafeInteger(value),
      number: () => Number.isFinite(value),
      array: () => Array.isArray(value),
      object: () => value !== null && typeof value === "object" && !Array.isArray(value),
    }[kind]();
    if (!fits) return `not of the type ${kind}`;
    if (kind === "string" && schema.enum && !schema.enum.includes(value))
      return `${value} is not one of ${schema.enum.join(", ")}`;
    if (kind === "string" && schema.pattern && !matches(schema.pattern, value))
      return `it does not match ${schema.pattern}`;
    if (least !== undefined && what < least) return `below ${least}`;
    if (most !== undefined && what > most) return `above ${most}`;
    if (kind === "array")
      return value.map(each => problemOf(schema.items, each)).find(Boolean) || "";
    if (kind === "object") return problemOfObject(schema, value);
    return "";
  }

  function problemOfObject(schema, value) {
    const unknown = Object.keys(value).find(name => !(name in schema.properties));
    if (unknown) return `there is no property ${unknown}`;
    for (const [name, part] of Object.entries(schema.properties)) {
      const given = value[name] ?? null;
      const isOptional = part.nullable || !(schema.required || []).includes(name);
      if (given === null && !isOptional) return `${name} is missing`;
      const problem = given === null ? "" : problemOf(part, given);
      if (problem) return `${name}: ${problem}`;
    }
    return "";
  }

  // The server checks patterns again when it reads the labels: one of its dialect alone passes here.
  function matches(pattern, value) {
    try { return new RegExp(pattern, "u").test(value); } catch { return true; }
  }

  // What was typed, as {value} or {problem}. The shown value is no correction: it may only not be
  // changed yet.
  function corrected(column, text, value) {
    const found = typedValue(column, text);
    const isShown = "value" in found && (canonical(found.value) === canonical(value) || text === typed(value));
    return isShown ? { problem: "this is the value that is shown: change it, or choose Right" } : found;
  }

  function typedValue(column, text) {
    const kind = kindOf(column.schema);
    if (!text && choicesOf(column)) return { problem: "choose the right value" };
    if (!text.trim()) {
      if (kind === "array" && !column.schema.minItems) return { value: [] };
      return column.nullable ? { value: null } : { problem: "the schema requires a value: write one" };
    }
    let value;
    try {
      if (kind === "string" && !column.schema.enum) value = text.trim();
      else if (kind === "array" && !text.trim().startsWith("["))
        value = text.split("\n").map(line => line.trim()).filter(Boolean).map(line =>
          kindOf(column.schema.items) === "string" ? line : JSON.parse(line));
      else value = JSON.parse(text);
    } catch {
      return { problem: kind === "array" ? "write one entry a line, or a JSON list" : `not of the type ${kind}` };
    }
    const problem = value === null && column.nullable ? "" : problemOf(column.schema, value);
    return problem ? { problem } : { value };
  }

  // What a correction begins with: the shown value, as it would be typed.
  function typed(value) {
    if (value === null || (Array.isArray(value) && !value.length)) return "";
    if (typeof value === "string") return value;
    const isLines = Array.isArray(value) && value.every(each => typeof each === "string" && !each.includes("\n"))
      && !value[0].trim().startsWith("[");
    return isLines ? value.join("\n") : JSON.stringify(value, null, Array.isArray(value) ? 1 : 0);
  }

  // The label of a column as {label}; {} when it is not judged, or its correction is not valid.
  function labelOf(record, column) {
    const judgement = (state.judged[record.id] || {})[column.name];
    const value = record.answer[column.name];
    if (!judgement || (judgement.how !== "corrected" && isBlank(value))) return {};
    if (judgement.how === "right") return canBeRight(column, value) ? { label: value } : {};
    if (judgement.how === "wrong") return { label: { not: value } };
    const given = corrected(column, judgement.text, value);
    return "problem" in given ? {} : { label: given.value };
  }

  const isJudged = record => data.columns.every(column => "label" in labelOf(record, column));

  // Keeping

  let isKept = true;
  function keep() {
    tryKeeping(KEY, JSON.stringify(state));
  }

  function tryKeeping(key, text) {
    try {
      localStorage.setItem(key, text);
      isKept = true;
    } catch {
      isKept = false;  // private window, no room, or storage switched off
    }
    byId("storage").hidden = isKept;
  }

  function restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      if (kept && typeof kept.judged === "object") state = { ...state, ...kept };
    } catch {
      isKept = false;
    }
    state.at = Math.min(Math.max(0, state.at | 0), records.length - 1);
  }

  // The same page in another window has saved: go on with what it has.
  addEventListener("storage", event => {
    if (event.key !== KEY && event.key !== null) return;
    const at = state.at;
    state.judged = {};
    restore();
    state.at = at;
    show();
  });

  addEventListener("beforeunload", event => {
    if (!isKept && JSON.stringify(state.judged) !== exported) event.preventDefault();
  });

  // Showing

  function say(text) {
    byId("message").textContent = text;
  }

  function show() {
    const record = records[state.at];
    const facts = [
      `Record ${record.id}`, record.stratum, record.grade && `grade ${record.grade}`,
      record.grounding !== null && `grounding ${record.grounding.toFixed(2)}`,
    ];
    byId("facts").textContent = facts.filter(Boolean).join(", ");
    const attributes = Object.entries(record.attributes).map(([name, value]) => `${name}: ${shown(value)}`);
    byId("attributes").textContent = attributes.join("; ");
    byId("attributes").hidden = !attributes.length;
    const parts = record.transcript || ["The transcript is no longer stored: the plan keeps it for 90 days."];
    byId("transcript").replaceChildren(
      ...parts.map((part, at) => (at % 2 ? element("mark", {}, part) : part)));
    byId("transcript").scrollTop = 0;
    byId("columns").replaceChildren(...data.columns.map((column, at) => fieldset(record, column, at)));
    progress();
  }

  function progress() {
    const record = records[state.at];
    const done = records.filter(isJudged).length;
    const here = data.columns.filter(column => "label" in labelOf(record, column)).length;
    byId("progress").max = records.length;
    byId("progress").value = done;
    byId("status").textContent = `Record ${state.at + 1} of ${records.length}: ${here} of ${data.columns.length} columns judged. Complete: ${done}.`;
    byId("previous").disabled = state.at === 0;
    byId("next").disabled = byId("next-below").disabled = state.at === records.length - 1;
    byId("unjudged").disabled = done === records.length;
  }

  const CHOICES = [["", "Not judged"], ["right", "Right"], ["wrong", "Wrong"], ["corrected", "Corrected"]];

  function fieldset(record, column, at) {
    const value = record.answer[column.name];
    const judgement = (state.judged[record.id] || {})[column.name];
    const how = judgement ? judgement.how : "";
    const choices = CHOICES.map(([name, label]) => {
      const radio = element("input", {
        type: "radio", name: `column-${at}`, value: name, checked: how === name,
        disabled: (name === "right" && !canBeRight(column, value)) || (name === "wrong" && isBlank(value)),
      });
      radio.addEventListener("change", () => judge(at, name));
      return element("label", {}, radio, ` ${label}`);
    });
    const made = element("fieldset", { id: `column-${at}` }, element("legend", {}, column.name));
    if (column.description) made.append(element("p", { className: "about", id: `about-${at}` }, column.description));
    const isNone = shown(value) === "none";
    made.append(element("p", { className: isNone ? "value none" : "value", id: `value-${at}` }, shown(value)));
    if (column.is_summary && record.absent.length)
      made.append(element("p", { className: "hint", id: `absent-${at}` }, `Not in the transcript: ${record.absent.join(", ")}`));
    made.setAttribute("aria-describedby", [...made.querySelectorAll("p[id]")].map(each => each.id).join(" "));
    made.append(element("div", { className: "choices" }, ...choices));
    if (how === "corrected") made.append(correction(column, at, judgement, value));
    return made;
  }

  function correction(column, at, judgement, value) {
    const kind = kindOf(column.schema);
    const id = `correction-${at}`;
    const choices = choicesOf(column);
    const field = choices
      ? element("select", { id }, element("option", { value: "" }, "Choose"),
          ...choices.filter(each => each !== value).map(each => element("option",
            { value: JSON.stringify(each), selected: JSON.stringify(each) === judgement.text }, shown(each))))
      : element("textarea", { id, rows: kind === "integer" || kind === "number" ? 1 : 3, value: judgement.text });
    const hint = choices ? "" : kind === "array" ? "One entry a line, or a JSON list; nothing for an empty list."
      : column.nullable ? "Nothing for none." : "";
    const problem = element("p", { className: "problem", id: `problem-${at}` });
    const check = () => {
      problem.textContent = corrected(column, field.value, value).problem || "";
      field.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
    };
    field.setAttribute("aria-describedby", `hint-${at} problem-${at}`);
    field.addEventListener(choices ? "change" : "input", () => {
      judgement.text = field.value;
      check();
      keep();
      progress();
    });
    check();
    return element("div", { className: "correction" },
      element("label", { htmlFor: id }, `Right for ${column.name}`), field,
      element("p", { className: "hint", id: `hint-${at}` }, hint), problem);
  }

  // Judging

  function judge(at, how) {
    const record = records[state.at], column = data.columns[at];
    const judged = (state.judged[record.id] ||= {});
    if (!how) delete judged[column.name];
    else if (how === "corrected") {
      const before = judged[column.name];
      judged[column.name] = before && before.how === how ? before
        : { how, text: choicesOf(column) ? "" : typed(record.answer[column.name]) };
    } else judged[column.name] = { how };
    if (!Object.keys(judged).length) delete state.judged[record.id];
    const isInside = byId(`column-${at}`).contains(document.activeElement);
    byId(`column-${at}`).replaceWith(fieldset(record, column, at));
    if (isInside) focusOn(at);
    keep();
    progress();
  }

  function focusOn(at) {
    const made = byId(`column-${at}`);
    (made.querySelector("input:checked") || made.querySelector("input:enabled")).focus();
  }

  function column() {
    const inside = document.activeElement.closest("fieldset");
    return inside ? Number(inside.id.split("-")[1]) : -1;
  }

  function allowed(at, how) {
    return !byId(`column-${at}`).querySelector(`input[value="${how}"]`).disabled;
  }

  // By key: judge the column in focus and go on to the next one.
  function judgeByKey(how) {
    const at = Math.max(0, column());
    if (!allowed(at, how)) return say("This value cannot be that: the schema does not have it.");
    focusOn(at);
    judge(at, how);
    if (how === "corrected") byId(`correction-${at}`).focus();
    else step(1);
  }

  function step(by) {
    const at = column() + by;
    if (at < data.columns.length) focusOn(Math.max(0, at));
    else if (!byId("next").disabled) byId("next-below").focus();
    else byId("export").focus();
  }

  function restIsRight() {
    data.columns.forEach((each, at) => {
      if (!("label" in labelOf(records[state.at], each)) && allowed(at, "right")
        && !(state.judged[records[state.at].id] || {})[each.name]) judge(at, "right");
    });
  }

  function go(to) {
    if (to < 0 || to >= records.length) return;
    state.at = to;
    keep();
    show();
    byId("text-head").scrollIntoView({ block: "nearest" });
    focusOn(0);
  }

  // The next record that is not complete, from here on and then from the first.
  function firstUnjudged() {
    const record = records.findIndex(each => !isJudged(each));
    if (record < 0) return;
    go(record);
    focusOn(data.columns.findIndex(each => !("label" in labelOf(records[record], each))));
  }

  // Labels

  function lines() {
    return records.flatMap(record => {
      const labels = data.columns.flatMap(each => {
        const found = labelOf(record, each);
        return "label" in found ? [[each.name, found.label]] : [];
      });
      return labels.length ? [JSON.stringify({ record_id: record.id, ...Object.fromEntries(labels) })] : [];
    });
  }

  function invalid() {
    return records.flatMap(record => data.columns.filter(each =>
      each.name in (state.judged[record.id] || {}) && !("label" in labelOf(record, each))));
  }

  function exportLabels() {
    const found = lines();
    if (!found.length) return say("Nothing is judged yet.");
    const initials = state.reviewer.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "").slice(0, 20);
    const name = ["labels", data.run, data.sample, ...(initials ? [initials] : [])].join("-") + ".jsonl";
    const address = URL.createObjectURL(new Blob([found.join("\n") + "\n"], { type: "application/jsonl" }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    exported = JSON.stringify(state.judged);
    const left = invalid().length;
    say(`Exported the labels of ${found.length} records to ${name}.`
      + (left ? ` ${left} corrections are not valid and are left out.` : ""));
  }

  // The judgement that a label stands for; undefined for a label of another value.
  function judgementOf(column, value, label) {
    const isRejection = label !== null && typeof label === "object" && !Array.isArray(label);
    if (isRejection)
      return canonical(label) === canonical({ not: value }) ? { how: "wrong" } : undefined;
    if (canonical(label) === canonical(value)) return { how: "right" };
    return { how: "corrected", text: choicesOf(column) ? JSON.stringify(label) : typed(label) };
  }

  function importLabels(text) {
    const found = [];
    for (const [at, line] of text.split(/\r?\n/).entries()) {
      if (!line.trim()) continue;
      try {
        const parsed = JSON.parse(line);
        if (typeof parsed.record_id !== "string") throw new Error();
        found.push(parsed);
      } catch {
        return say(`Line ${at + 1} is no labels with a record_id: nothing was taken over.`);
      }
    }
    let taken = 0, left = 0;
    for (const { record_id: id, ...labels } of found) {
      for (const [name, label] of Object.entries(labels)) {
        const record = recordOf.get(id), column = columnOf.get(name);
        const judgement = record && column && judgementOf(column, record.answer[name], label);
        if (judgement) {
          (state.judged[id] ||= {})[name] = judgement;
          taken++;
        } else left++;
      }
    }
    keep();
    show();
    return say(`Took over ${taken} labels.` + (left ? ` ${left} are of other records, columns or values.` : ""));
  }

  // Keys

  const KEYS = [
    ["1", "Right", () => judgeByKey("right")],
    ["2", "Wrong", () => judgeByKey("wrong")],
    ["3", "Corrected: choose or write the right value", () => judgeByKey("corrected")],
    ["0", "Not judged", () => judgeByKey("")],
    ["j", "Next column", () => step(1)],
    ["k", "Previous column", () => step(-1)],
    ["a", "All others of this record are right", restIsRight],
    ["n", "Next record", () => go(state.at + 1)],
    ["p", "Previous record", () => go(state.at - 1)],
    ["u", "First record that is not complete", firstUnjudged],
    ["e", "Export labels", exportLabels],
    ["?", "These keys", () => byId("help").showModal()],
  ];
  const byKey = new Map(KEYS.map(([key, , action]) => [key, action]));
  const isTyping = target => target.matches("textarea, select, input:not([type=radio], [type=checkbox])");

  addEventListener("keydown", event => {
    if (event.isComposing || event.altKey || byId("help").open) return;
    // Out of a correction: Escape stays in its column, Ctrl+Enter goes on.
    if (event.target.closest(".correction") && (event.key === "Escape" || (event.key === "Enter" && event.ctrlKey))) {
      event.preventDefault();
      focusOn(column());
      if (event.key === "Enter") step(1);
      return;
    }
    if (event.ctrlKey || event.metaKey || !state.singleKeys || isTyping(event.target)) return;
    const action = byKey.get(event.key);
    if (action) {
      event.preventDefault();
      action();
    }
  });

  // Start

  for (const [key, meaning] of [...KEYS, ["Esc", "From a correction back to its column"], ["Ctrl+Enter", "From a correction to the next column"]])
    byId("keys").append(element("dt", {}, key), element("dd", {}, meaning));
  const click = (name, action) => byId(name).addEventListener("click", action);
  click("previous", () => go(state.at - 1));
  click("next", () => go(state.at + 1));
  click("next-below", () => go(state.at + 1));
  click("unjudged", firstUnjudged);
  click("rest", restIsRight);
  click("export", exportLabels);
  click("help-open", () => byId("help").showModal());
  click("help-close", () => byId("help").close());
  click("clear", () => {
    if (!confirm("Delete all judgements that this browser keeps of this sample? Export them first.")) return;
    state = { ...state, at: 0, judged: {} };
    keep();
    show();
    try { localStorage.removeItem(KEY); } catch { /* nothing is kept */ }
    say("Deleted.");
  });
  byId("reviewer").addEventListener("input", event => {
    state.reviewer = event.target.value;
    keep();
  });
  byId("single-keys").addEventListener("change", event => {
    state.singleKeys = event.target.checked;
    keep();
  });
  byId("import").addEventListener("change", async event => {
    const [file] = event.target.files;
    if (file) importLabels(await file.text());
    event.target.value = "";  // the same file can be chosen again
  });
  restore();
  tryKeeping("troupe-review", "");  // another key: opening the page changes nothing that is kept
  byId("reviewer").value = state.reviewer;
  byId("single-keys").checked = state.singleKeys;
  show();
})();
