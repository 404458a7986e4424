"""Vizavi's REST API. Made by `vizavi client`, from the description that the service gives at /openapi.json: do not edit."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Optional, TypedDict, Union


class Problem(Exception):
    """What the service refused; `body` is its application/problem+json."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body.get("detail") if isinstance(body, dict) else str(body))
        self.status = status
        self.body = body


class Vizavi:
    """One service and one key. `etag` is that of the last answer, for the `if_match` of an edit."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.etag: Optional[str] = None

    def _call(self, method: str, path: str, query: Dict[str, Any], body: Any, media: Optional[str],
              if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        said = {name: json.dumps(value) if isinstance(value, bool) else value
                for name, value in query.items() if value is not None}
        target = self.url + path + ("?" + urllib.parse.urlencode(said) if said else "")
        headers = {"Authorization": "Bearer " + self.key}
        if if_match is not None:
            headers["If-Match"] = if_match
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        data = None
        if body is not None:
            headers["Content-Type"] = media or "application/json"
            if isinstance(body, bytes):
                data = body
            elif isinstance(body, str) and media != "application/json":
                data = body.encode()
            else:
                data = json.dumps(body).encode()
        request = urllib.request.Request(target, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                self.etag = answer.headers.get("ETag")
                return _read(answer)
        except urllib.error.HTTPError as error:
            raise Problem(error.code, _read(error)) from None

    def get_docs(self) -> Any:
        """This document as a page."""
        return self._call("GET", f"/docs", {}, None, None)

    def get_docs_style_css(self) -> Any:
        """The page's style."""
        return self._call("GET", f"/docs/style.css", {}, None, None)

    def get_healthz(self) -> Any:
        """The process lives."""
        return self._call("GET", f"/healthz", {}, None, None)

    def post_incoming_events(self, body: "Union[ProviderEventInput, List[ProviderEventInput]]") -> Any:
        """Takes bounces, complaints and messages that a provider reports, signed as our own webhooks are."""
        return self._call("POST", f"/incoming/events", {}, body, "application/json")

    def post_incoming_mail(self) -> Any:
        """Takes a mail that came back, whole, signed in the same way."""
        return self._call("POST", f"/incoming/mail", {}, None, None)

    def get_metrics(self) -> Any:
        """Counters and gauges for Prometheus."""
        return self._call("GET", f"/metrics", {}, None, None)

    def get_o_token(self, token: str) -> Any:
        """Counts that a message was opened."""
        return self._call("GET", f"/o/{_part(token)}", {}, None, None)

    def get_openapi_json(self) -> Any:
        """This document."""
        return self._call("GET", f"/openapi.json", {}, None, None)

    def get_readyz(self) -> Any:
        """The store answers."""
        return self._call("GET", f"/readyz", {}, None, None)

    def get_t_token(self, token: str) -> Any:
        """Follows a link of a message to the target that stands in it."""
        return self._call("GET", f"/t/{_part(token)}", {}, None, None)

    def get_attribution(self, *, from_: Optional[str] = None, to: Optional[str] = None, days: Optional[int] = None) -> Any:
        """What each campaign is credited with by a window and a model, beside what its holdout shows that it caused."""
        return self._call("GET", f"/v1/attribution", {"from": from_, "to": to, "days": days}, None, None)

    def get_audit(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Who did what, newest first."""
        return self._call("GET", f"/v1/audit", {"cursor": cursor, "limit": limit}, None, None)

    def get_audit_check(self) -> Any:
        """Whether somebody changed or removed a row of the audit."""
        return self._call("GET", f"/v1/audit/check", {}, None, None)

    def get_calendar(self, *, days: Optional[int] = None) -> Any:
        """How many contacts clients have had and are to expect, day by day and by campaign."""
        return self._call("GET", f"/v1/calendar", {"days": days}, None, None)

    def get_campaigns(self) -> Any:
        """All campaigns, by name."""
        return self._call("GET", f"/v1/campaigns", {}, None, None)

    def post_campaigns(self, body: "BeginInput", *, from_: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Begins a campaign from an example, with the offers and segments that it needs; it is a draft."""
        return self._call("POST", f"/v1/campaigns", {"from": from_}, body, "application/json", idempotency_key=idempotency_key)

    def get_campaigns_id(self, id: str) -> Any:
        """One campaign: its state, its definition and templates."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}", {}, None, None)

    def put_campaigns_id(self, id: str, body: "CampaignFolder", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Applies a definition with its templates: all faults at once, and nothing is kept when there is one."""
        return self._call("PUT", f"/v1/campaigns/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def post_campaigns_id_approve(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Answers for the planned version; from now on it may run."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/approve", {}, None, None, idempotency_key=idempotency_key)

    def post_campaigns_id_cancel(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Ends the campaign; what was not sent is taken back."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/cancel", {}, None, None, idempotency_key=idempotency_key)

    def get_campaigns_id_capacity(self, id: str) -> Any:
        """What is left of budget, stock and channels for real time and the next run, and what one more is worth now."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/capacity", {}, None, None)

    def post_campaigns_id_close(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Ends the campaign when it has done what it was for: nothing new begins, its results stand."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/close", {}, None, None, idempotency_key=idempotency_key)

    def get_campaigns_id_journeys(self, id: str, *, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """The journeys of clients through the campaign."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/journeys", {"state": state, "cursor": cursor, "limit": limit}, None, None)

    def post_campaigns_id_pause(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Stops sending; nothing is lost."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/pause", {}, None, None, idempotency_key=idempotency_key)

    def get_campaigns_id_plan(self, id: str) -> Any:
        """The last dry run of the present version."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/plan", {}, None, None)

    def post_campaigns_id_plan(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """A dry run as of now: waterfall, forecast, prices, sampled decisions."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/plan", {}, None, None, idempotency_key=idempotency_key)

    def get_campaigns_id_results(self, id: str) -> Any:
        """What each run earned against its holdout, with interval, checks and verdict."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/results", {}, None, None)

    def post_campaigns_id_resume(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Goes on where it stopped."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/resume", {}, None, None, idempotency_key=idempotency_key)

    def get_campaigns_id_runs(self, id: str) -> Any:
        """The runs, newest first, each reconciled to the last message."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/runs", {}, None, None)

    def post_campaigns_id_runs(self, id: str, body: "RunInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Starts a run; an occasion has one run only."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/runs", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_campaigns_id_steps(self, id: str) -> Any:
        """The steps, each with how many clients wait for it, and how many journeys ended before it."""
        return self._call("GET", f"/v1/campaigns/{_part(id)}/steps", {}, None, None)

    def post_campaigns_id_test_send(self, id: str, body: "TestSend", *, idempotency_key: Optional[str] = None) -> Any:
        """Sends one message, as a customer would get it, to an address of yours."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/test-send", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_campaigns_id_what_if(self, id: str, body: "WhatIf", *, idempotency_key: Optional[str] = None) -> Any:
        """What it would do under other limits, beside what it would do under its own; nothing is kept."""
        return self._call("POST", f"/v1/campaigns/{_part(id)}/what-if", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_claims(self, body: Union["Claim", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records one step of a claim; several as NDJSON, all or none."""
        return self._call("POST", f"/v1/claims", {}, body, media, idempotency_key=idempotency_key)

    def get_complaints(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Customers whose complaints are open, with what winning each back is worth."""
        return self._call("GET", f"/v1/complaints", {"cursor": cursor, "limit": limit}, None, None)

    def post_conflicts(self, body: "ConflictsInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Which campaigns want the same clients now, and what it costs that only one may write; nothing is kept."""
        return self._call("POST", f"/v1/conflicts", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_consents(self, body: "Union[ConsentInput, List[ConsentInput]]", *, idempotency_key: Optional[str] = None) -> Any:
        """Records one consent or withdrawal, or an array of them."""
        return self._call("POST", f"/v1/consents", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_customers(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Customers, in pages."""
        return self._call("GET", f"/v1/customers", {"cursor": cursor, "limit": limit}, None, None)

    def get_customers_id(self, id: str) -> Any:
        """One customer by the company's own key, with what is known at once."""
        return self._call("GET", f"/v1/customers/{_part(id)}", {}, None, None)

    def put_customers_id(self, id: str, body: "CustomerInput", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds a customer (201), or replaces the profile."""
        return self._call("PUT", f"/v1/customers/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_customers_id(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Erases a person for good, from the store at once; the numbers of runs stay."""
        return self._call("DELETE", f"/v1/customers/{_part(id)}", {}, None, None, idempotency_key=idempotency_key)

    def get_customers_id_advice(self, id: str) -> Any:
        """The next best action for a customer, and what to say."""
        return self._call("GET", f"/v1/customers/{_part(id)}/advice", {}, None, None)

    def post_customers_id_aliases(self, id: str, body: "AliasInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Merges another key into this customer for good: facts, consents and messages move."""
        return self._call("POST", f"/v1/customers/{_part(id)}/aliases", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_customers_id_decisions(self, id: str, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What was decided for a customer, newest first, with why."""
        return self._call("GET", f"/v1/customers/{_part(id)}/decisions", {"cursor": cursor, "limit": limit}, None, None)

    def get_customers_id_notes(self, id: str, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What staff wrote down about a customer, newest first."""
        return self._call("GET", f"/v1/customers/{_part(id)}/notes", {"cursor": cursor, "limit": limit}, None, None)

    def post_customers_id_notes(self, id: str, body: "Note", *, idempotency_key: Optional[str] = None) -> Any:
        """Writes a note about a customer."""
        return self._call("POST", f"/v1/customers/{_part(id)}/notes", {}, body, "application/json", idempotency_key=idempotency_key)

    def put_customers_id_owner(self, id: str, body: "AccountOwner", *, idempotency_key: Optional[str] = None) -> Any:
        """Sets who looks after a customer, and in which team."""
        return self._call("PUT", f"/v1/customers/{_part(id)}/owner", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_customers_id_profit(self, id: str) -> Any:
        """A customer's profit and loss by month and in whole, why it is a loss and what would mend it, potential apart."""
        return self._call("GET", f"/v1/customers/{_part(id)}/profit", {}, None, None)

    def get_customers_id_summary(self, id: str) -> Any:
        """What whoever takes an account over should know: value, what is open, notes, and what to do next."""
        return self._call("GET", f"/v1/customers/{_part(id)}/summary", {}, None, None)

    def get_customers_id_tasks(self, id: str, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What was or is to be done for a customer, newest first."""
        return self._call("GET", f"/v1/customers/{_part(id)}/tasks", {"cursor": cursor, "limit": limit}, None, None)

    def post_customers_id_tasks(self, id: str, body: "Task", *, idempotency_key: Optional[str] = None) -> Any:
        """Adds something to do for a customer."""
        return self._call("POST", f"/v1/customers/{_part(id)}/tasks", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_customers_id_timeline(self, id: str) -> Any:
        """The whole story of a customer: facts, decisions, messages and what came of them."""
        return self._call("GET", f"/v1/customers/{_part(id)}/timeline", {}, None, None)

    def post_decisions(self, body: "DecisionRequest", *, idempotency_key: Optional[str] = None) -> Any:
        """What now for this customer, or these few? What it takes is reserved, and it is logged, before it is answered."""
        return self._call("POST", f"/v1/decisions", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_deliveries(self, *, run: Optional[int] = None, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What became of each message of a run."""
        return self._call("GET", f"/v1/deliveries", {"run": run, "state": state, "cursor": cursor, "limit": limit}, None, None)

    def post_deliveries_resend(self, body: "ResendInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Sends to the missing: everyone of a run whose message failed gets another, once."""
        return self._call("POST", f"/v1/deliveries/resend", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_deliveries_id_settle(self, id: str, body: "SettleInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Settles a held message: it arrived, it never arrived (and is sent), or it is given up."""
        return self._call("POST", f"/v1/deliveries/{_part(id)}/settle", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_event_types(self) -> Any:
        """What is declared of events, by name."""
        return self._call("GET", f"/v1/event-types", {}, None, None)

    def get_event_types_name(self, name: str) -> Any:
        """Which properties an event of this name may carry."""
        return self._call("GET", f"/v1/event-types/{_part(name)}", {}, None, None)

    def put_event_types_name(self, name: str, body: "EventType", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Declares the properties of an event (201), or replaces the declaration."""
        return self._call("PUT", f"/v1/event-types/{_part(name)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def post_events(self, body: Union["Event", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records something that a customer did; several as NDJSON, all or none."""
        return self._call("POST", f"/v1/events", {}, body, media, idempotency_key=idempotency_key)

    def get_examples(self) -> Any:
        """The campaigns that come with the program."""
        return self._call("GET", f"/v1/examples", {}, None, None)

    def get_experiments(self) -> Any:
        """Each campaign against its holdout, and the variants of each campaign that has some."""
        return self._call("GET", f"/v1/experiments", {}, None, None)

    def get_experiments_id(self, id: str) -> Any:
        """One experiment, with all that is needed to recompute who is in which arm. The id is CAMPAIGN or CAMPAIGN:EXPERIMENT."""
        return self._call("GET", f"/v1/experiments/{_part(id)}", {}, None, None)

    def post_experiments_id_decide(self, id: str, body: "Asked", *, idempotency_key: Optional[str] = None) -> Any:
        """Chooses a variant: by the data (409 where they cannot carry a winner), or the one that is named."""
        return self._call("POST", f"/v1/experiments/{_part(id)}/decide", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_experiments_id_results(self, id: str) -> Any:
        """Arms, effects with intervals, verdict and warnings of every run, with all sums that they were made of."""
        return self._call("GET", f"/v1/experiments/{_part(id)}/results", {}, None, None)

    def get_exports(self) -> Any:
        """Exports that are whole, newest first; each is kept for two weeks."""
        return self._call("GET", f"/v1/exports", {}, None, None)

    def post_exports(self, body: "ExportQuestion", *, idempotency_key: Optional[str] = None) -> Any:
        """Has a worker write facts and tables as files for a warehouse; they hold personal data."""
        return self._call("POST", f"/v1/exports", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_exports_id(self, id: str) -> Any:
        """One export with its files."""
        return self._call("GET", f"/v1/exports/{_part(id)}", {}, None, None)

    def get_exports_id_files_name(self, id: str, name: str) -> Any:
        """One file of an export."""
        return self._call("GET", f"/v1/exports/{_part(id)}/files/{_part(name)}", {}, None, None)

    def get_imports(self, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Files that were imported and what became of their lines, newest first; of others' with jobs:read."""
        return self._call("GET", f"/v1/imports", {"cursor": cursor, "limit": limit}, None, None)

    def post_imports(self, body: Union[str, bytes], *, facts: Optional[str] = None, file: Optional[str] = None, dry_run: Optional[bool] = None, again: Optional[bool] = None, media: str = "application/octet-stream", idempotency_key: Optional[str] = None) -> Any:
        """Takes a file (CSV, NDJSON or Parquet; plain, gzip or zstd) and imports it in the background."""
        return self._call("POST", f"/v1/imports", {"facts": facts, "file": file, "dry_run": dry_run, "again": again}, body, media, idempotency_key=idempotency_key)

    def get_imports_id(self, id: str) -> Any:
        """One import: how far it is, or what became of its lines."""
        return self._call("GET", f"/v1/imports/{_part(id)}", {}, None, None)

    def get_imports_id_rejects(self, id: str) -> Any:
        """The rejected lines with their reasons, to be mended and sent again: CSV, or NDJSON where the file was."""
        return self._call("GET", f"/v1/imports/{_part(id)}/rejects", {}, None, None)

    def get_inquiries(self, *, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What customers ask in reply to messages."""
        return self._call("GET", f"/v1/inquiries", {"state": state, "cursor": cursor, "limit": limit}, None, None)

    def post_inquiries(self, body: "Inquiry", *, idempotency_key: Optional[str] = None) -> Any:
        """Opens an inquiry that came by telephone, in a shop or from another system, and records it as an interaction."""
        return self._call("POST", f"/v1/inquiries", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_inquiries_id(self, id: str) -> Any:
        """One inquiry, with the next best action and what to say beside it."""
        return self._call("GET", f"/v1/inquiries/{_part(id)}", {}, None, None)

    def post_inquiries_id_close(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Closes an inquiry that was answered."""
        return self._call("POST", f"/v1/inquiries/{_part(id)}/close", {}, None, None, idempotency_key=idempotency_key)

    def post_interactions(self, body: Union["Interaction", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records a call, message, visit or complaint; several as NDJSON, all or none."""
        return self._call("POST", f"/v1/interactions", {}, body, media, idempotency_key=idempotency_key)

    def get_jobs(self, *, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Background work, newest first."""
        return self._call("GET", f"/v1/jobs", {"state": state, "cursor": cursor, "limit": limit}, None, None)

    def get_jobs_id(self, id: str) -> Any:
        """One job, with what it came to."""
        return self._call("GET", f"/v1/jobs/{_part(id)}", {}, None, None)

    def post_jobs_id_cancel(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Calls a job off: one that waits is not begun, one that runs stops at its next step. 409 when it is done or cannot stop."""
        return self._call("POST", f"/v1/jobs/{_part(id)}/cancel", {}, None, None, idempotency_key=idempotency_key)

    def post_jobs_id_retry(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Has a job tried again that was laid aside or cancelled."""
        return self._call("POST", f"/v1/jobs/{_part(id)}/retry", {}, None, None, idempotency_key=idempotency_key)

    def get_keys(self) -> Any:
        """All keys, without their secrets."""
        return self._call("GET", f"/v1/keys", {}, None, None)

    def post_keys(self, body: "KeyInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Makes a key; the answer shows it, and nothing shows it again."""
        return self._call("POST", f"/v1/keys", {}, body, "application/json", idempotency_key=idempotency_key)

    def delete_keys_id(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Withdraws a key, at once and for good."""
        return self._call("DELETE", f"/v1/keys/{_part(id)}", {}, None, None, idempotency_key=idempotency_key)

    def get_kpis(self) -> Any:
        """Overview, profitability and customer equity, as of the last scoring."""
        return self._call("GET", f"/v1/kpis", {}, None, None)

    def post_kpis_budget(self, body: "BudgetQuestion", *, idempotency_key: Optional[str] = None) -> Any:
        """Holds winning clients against keeping them for the same money, under each objective; keeps nothing."""
        return self._call("POST", f"/v1/kpis/budget", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_kpis_equity(self, *, from_: Optional[str] = None, to: Optional[str] = None) -> Any:
        """What the base is worth by segment, what came in and went out, and who stayed."""
        return self._call("GET", f"/v1/kpis/equity", {"from": from_, "to": to}, None, None)

    def get_kpis_goals(self) -> Any:
        """What the strategy wants: goals with indicator, actions, budgets, owners and reviews."""
        return self._call("GET", f"/v1/kpis/goals", {}, None, None)

    def get_kpis_goals_id(self, id: str) -> Any:
        """One goal."""
        return self._call("GET", f"/v1/kpis/goals/{_part(id)}", {}, None, None)

    def put_kpis_goals_id(self, id: str, body: "Goal", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds a goal (201), or replaces it."""
        return self._call("PUT", f"/v1/kpis/goals/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_kpis_goals_id(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Gives a goal up."""
        return self._call("DELETE", f"/v1/kpis/goals/{_part(id)}", {}, None, None, idempotency_key=idempotency_key)

    def post_kpis_goals_id_reviews(self, id: str, body: "GoalReview", *, idempotency_key: Optional[str] = None) -> Any:
        """Notes that a goal, or one of its actions, was looked at, and when it is to be again."""
        return self._call("POST", f"/v1/kpis/goals/{_part(id)}/reviews", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_kpis_objective(self) -> Any:
        """What the company goes for first, once that was chosen."""
        return self._call("GET", f"/v1/kpis/objective", {}, None, None)

    def put_kpis_objective(self, body: "Objective", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Chooses the objective: profit, clients_kept, new_clients or base_value."""
        return self._call("PUT", f"/v1/kpis/objective", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def get_kpis_overdue(self) -> Any:
        """Goals and actions whose review is overdue, the longest first."""
        return self._call("GET", f"/v1/kpis/overdue", {}, None, None)

    def get_kpis_people(self, *, from_: Optional[str] = None, to: Optional[str] = None, by: Optional[str] = None) -> Any:
        """Per owner of campaigns and per salesperson: incremental profit and clients kept, beside turnover."""
        return self._call("GET", f"/v1/kpis/people", {"from": from_, "to": to, "by": by}, None, None)

    def get_kpis_profit(self) -> Any:
        """Profit and loss of the base: by month, unprofitable clients by tenure, whale curve, payback, causes, potential."""
        return self._call("GET", f"/v1/kpis/profit", {}, None, None)

    def get_kpis_satisfaction(self, *, days: Optional[int] = None) -> Any:
        """Answers to surveys and complaints by the team that looks after each customer."""
        return self._call("GET", f"/v1/kpis/satisfaction", {"days": days}, None, None)

    def get_kpis_scorecard(self, *, at: Optional[str] = None) -> Any:
        """Every indicator with its definition, window, target, owner, trend and status, beside market and competitors."""
        return self._call("GET", f"/v1/kpis/scorecard", {"at": at}, None, None)

    def get_kpis_series(self) -> Any:
        """Figures of the market and of competitors, by subject and indicator."""
        return self._call("GET", f"/v1/kpis/series", {}, None, None)

    def get_kpis_series_subject_indicator(self, subject: str, indicator: str) -> Any:
        """One series."""
        return self._call("GET", f"/v1/kpis/series/{_part(subject)}/{_part(indicator)}", {}, None, None)

    def put_kpis_series_subject_indicator(self, subject: str, indicator: str, body: "Series", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds the series of an indicator of the market or of a competitor (201), or replaces it."""
        return self._call("PUT", f"/v1/kpis/series/{_part(subject)}/{_part(indicator)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_kpis_series_subject_indicator(self, subject: str, indicator: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Removes a series."""
        return self._call("DELETE", f"/v1/kpis/series/{_part(subject)}/{_part(indicator)}", {}, None, None, idempotency_key=idempotency_key)

    def get_kpis_sources(self) -> Any:
        """Sources of leads, with what the marketer expects of each."""
        return self._call("GET", f"/v1/kpis/sources", {}, None, None)

    def put_kpis_sources_id(self, id: str, body: "LeadSource", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds a source of leads (201), or replaces what is expected of it."""
        return self._call("PUT", f"/v1/kpis/sources/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def get_kpis_targets(self) -> Any:
        """The targets of indicators, and who answers for each."""
        return self._call("GET", f"/v1/kpis/targets", {}, None, None)

    def get_kpis_targets_id(self, id: str) -> Any:
        """The target of one indicator."""
        return self._call("GET", f"/v1/kpis/targets/{_part(id)}", {}, None, None)

    def put_kpis_targets_id(self, id: str, body: "Target", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Sets the target of an indicator (201), or replaces it."""
        return self._call("PUT", f"/v1/kpis/targets/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_kpis_targets_id(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Takes the target of an indicator away."""
        return self._call("DELETE", f"/v1/kpis/targets/{_part(id)}", {}, None, None, idempotency_key=idempotency_key)

    def post_kpis_what_if(self, body: "KpiQuestion", *, idempotency_key: Optional[str] = None) -> Any:
        """Profit and value of the base if retention, margin, a cost or a rate were others, per segment; keeps nothing."""
        return self._call("POST", f"/v1/kpis/what-if", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_leads(self, *, source: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Prospects with source, cost and the chance that they become clients."""
        return self._call("GET", f"/v1/leads", {"source": source, "cursor": cursor, "limit": limit}, None, None)

    def post_leads(self, body: "Union[Lead, List[Lead]]", *, idempotency_key: Optional[str] = None) -> Any:
        """Records one lead, or an array of them; who is not known becomes a prospect."""
        return self._call("POST", f"/v1/leads", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_leads_sources(self) -> Any:
        """What leads of each source cost, how many became clients, and which rates serve."""
        return self._call("GET", f"/v1/leads/sources", {}, None, None)

    def post_leads_id_convert(self, id: str, body: "Conversion", *, idempotency_key: Optional[str] = None) -> Any:
        """The person of a lead is this client: both become one customer, for good."""
        return self._call("POST", f"/v1/leads/{_part(id)}/convert", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_models(self) -> Any:
        """Every fit of every model."""
        return self._call("GET", f"/v1/models", {}, None, None)

    def get_models_id(self, id: str) -> Any:
        """The version of a model that serves, with its card and its drift."""
        return self._call("GET", f"/v1/models/{_part(id)}", {}, None, None)

    def post_models_id_promote(self, id: str, body: "Dict[str, Any]", *, idempotency_key: Optional[str] = None) -> Any:
        """Has a version of a model serve that passed its gate; the one before is retired."""
        return self._call("POST", f"/v1/models/{_part(id)}/promote", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_models_id_rollback(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Has the version of a model serve that served before."""
        return self._call("POST", f"/v1/models/{_part(id)}/rollback", {}, None, None, idempotency_key=idempotency_key)

    def get_offers(self) -> Any:
        """All offers, by name."""
        return self._call("GET", f"/v1/offers", {}, None, None)

    def get_offers_id(self, id: str) -> Any:
        """One offer, and how much of it is left."""
        return self._call("GET", f"/v1/offers/{_part(id)}", {}, None, None)

    def put_offers_id(self, id: str, body: "Offer", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds an offer (201), or replaces its definition; what is used up stays counted."""
        return self._call("PUT", f"/v1/offers/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def post_offers_id_codes(self, id: str, body: "CodesInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Adds single-use codes to an offer's list; each is given to one customer at most."""
        return self._call("POST", f"/v1/offers/{_part(id)}/codes", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_offers_id_together(self, id: str) -> Any:
        """How many customers have bought all goods of the offer's bundle, and how many would by chance."""
        return self._call("GET", f"/v1/offers/{_part(id)}/together", {}, None, None)

    def post_orders(self, body: Union["Order", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records an order or a return; several as NDJSON, all or none."""
        return self._call("POST", f"/v1/orders", {}, body, media, idempotency_key=idempotency_key)

    def post_outcomes(self, body: Union["OutcomeInput", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records what became of a message, or of a proposal in real time, as another system reports it; several as NDJSON."""
        return self._call("POST", f"/v1/outcomes", {}, body, media, idempotency_key=idempotency_key)

    def get_overview(self) -> Any:
        """What the base is worth, who pays for whom, what runs."""
        return self._call("GET", f"/v1/overview", {}, None, None)

    def post_plans(self, body: "JointInput", *, idempotency_key: Optional[str] = None) -> Any:
        """What several campaigns would do together, each client left to the one to which they are worth most; nothing is kept."""
        return self._call("POST", f"/v1/plans", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_referrals(self, body: "Referral", *, idempotency_key: Optional[str] = None) -> Any:
        """Records that a client brought somebody; who is not known becomes a prospect. A person is brought once."""
        return self._call("POST", f"/v1/referrals", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_reviews(self, *, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Decisions that wait for a person's word, or in another state: what, for whom, until when and why."""
        return self._call("GET", f"/v1/reviews", {"state": state, "cursor": cursor, "limit": limit}, None, None)

    def post_reviews_id(self, id: str, body: "ReviewInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Releases or refuses one, by the id of its delivery; what is refused gives back all it holds."""
        return self._call("POST", f"/v1/reviews/{_part(id)}", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_runs(self, body: "JointRunInput", *, idempotency_key: Optional[str] = None) -> Any:
        """Starts a run of each of several campaigns, decided together: of all, or of none."""
        return self._call("POST", f"/v1/runs", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_segments(self) -> Any:
        """The segments: those that a model found with what each is worth, those that a rule defines with how fresh they are, those that were uploaded."""
        return self._call("GET", f"/v1/segments", {}, None, None)

    def post_segments_lookalike(self, body: "Lookalike", *, idempotency_key: Optional[str] = None) -> Any:
        """Finds customers who resemble the members of a segment, and keeps them as a segment."""
        return self._call("POST", f"/v1/segments/lookalike", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_segments_preview(self, body: "Segment", *, idempotency_key: Optional[str] = None) -> Any:
        """What a segment by rule would be: its count, some members, how many can be written to. Keeps nothing."""
        return self._call("POST", f"/v1/segments/preview", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_segments_id(self, id: str) -> Any:
        """One segment."""
        return self._call("GET", f"/v1/segments/{_part(id)}", {}, None, None)

    def put_segments_id(self, id: str, body: "Segment", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds a segment by rule (201), or replaces its definition, and builds it."""
        return self._call("PUT", f"/v1/segments/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_segments_id(self, id: str, *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Removes a segment, by rule or static, that nothing names."""
        return self._call("DELETE", f"/v1/segments/{_part(id)}", {}, None, None, if_match=if_match, idempotency_key=idempotency_key)

    def get_segments_id_changes(self, id: str, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Who entered and who left a segment by rule during the last 30 days, oldest first."""
        return self._call("GET", f"/v1/segments/{_part(id)}/changes", {"cursor": cursor, "limit": limit}, None, None)

    def get_segments_id_members(self, id: str, *, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Who is in a segment, and since when."""
        return self._call("GET", f"/v1/segments/{_part(id)}/members", {"cursor": cursor, "limit": limit}, None, None)

    def put_segments_id_members(self, id: str, body: Union["List[str]", str, bytes], *, title: Optional[str] = None, skip_unknown: Optional[bool] = None, media: str = "application/json", if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Makes a static segment of a list of the company's own keys (201), or replaces its members. Unknown keys are faults, each with its line."""
        return self._call("PUT", f"/v1/segments/{_part(id)}/members", {"title": title, "skip_unknown": skip_unknown}, body, media, if_match=if_match, idempotency_key=idempotency_key)

    def post_segments_id_members(self, id: str, body: Union["List[str]", str, bytes], *, title: Optional[str] = None, skip_unknown: Optional[bool] = None, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Adds a list of keys to a static segment, which is made (201) when there is none."""
        return self._call("POST", f"/v1/segments/{_part(id)}/members", {"title": title, "skip_unknown": skip_unknown}, body, media, idempotency_key=idempotency_key)

    def get_sending(self) -> Any:
        """Whether messages go out."""
        return self._call("GET", f"/v1/sending", {}, None, None)

    def post_sending_start(self, *, idempotency_key: Optional[str] = None) -> Any:
        """Lets messages go out again."""
        return self._call("POST", f"/v1/sending/start", {}, None, None, idempotency_key=idempotency_key)

    def post_sending_stop(self, *, idempotency_key: Optional[str] = None) -> Any:
        """Stops every sender before its next message."""
        return self._call("POST", f"/v1/sending/stop", {}, None, None, idempotency_key=idempotency_key)

    def post_subscriptions(self, body: Union["Subscription", str, bytes], *, media: str = "application/json", idempotency_key: Optional[str] = None) -> Any:
        """Records that a contract began, was renewed, changed or ended; several as NDJSON, all or none."""
        return self._call("POST", f"/v1/subscriptions", {}, body, media, idempotency_key=idempotency_key)

    def post_suppressions(self, body: "Union[SuppressionInput, List[SuppressionInput]]", *, idempotency_key: Optional[str] = None) -> Any:
        """Adds one address that must not be used, or an array of them; only hashes are kept."""
        return self._call("POST", f"/v1/suppressions", {}, body, "application/json", idempotency_key=idempotency_key)

    def get_tasks(self, *, owner: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """Open tasks, oldest first."""
        return self._call("GET", f"/v1/tasks", {"owner": owner, "cursor": cursor, "limit": limit}, None, None)

    def post_tasks_id_close(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Says that a task is done."""
        return self._call("POST", f"/v1/tasks/{_part(id)}/close", {}, None, None, idempotency_key=idempotency_key)

    def get_webhooks(self) -> Any:
        """Who is told what happens, and how each does."""
        return self._call("GET", f"/v1/webhooks", {}, None, None)

    def get_webhooks_id(self, id: str) -> Any:
        """One webhook."""
        return self._call("GET", f"/v1/webhooks/{_part(id)}", {}, None, None)

    def put_webhooks_id(self, id: str, body: "WebhookInput", *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Adds a webhook (201; the answer shows its secret, and nothing shows it again), or changes one."""
        return self._call("PUT", f"/v1/webhooks/{_part(id)}", {}, body, "application/json", if_match=if_match, idempotency_key=idempotency_key)

    def delete_webhooks_id(self, id: str, *, if_match: Optional[str] = None, idempotency_key: Optional[str] = None) -> Any:
        """Removes a webhook with all that waits for it."""
        return self._call("DELETE", f"/v1/webhooks/{_part(id)}", {}, None, None, if_match=if_match, idempotency_key=idempotency_key)

    def get_webhooks_id_events(self, id: str, *, state: Optional[str] = None, cursor: Optional[str] = None, limit: Optional[int] = None) -> Any:
        """What became of each event, the latest first, with every attempt; dead letters with `state=dead`."""
        return self._call("GET", f"/v1/webhooks/{_part(id)}/events", {"state": state, "cursor": cursor, "limit": limit}, None, None)

    def post_webhooks_id_ping(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Posts a test at once, and answers what came of it."""
        return self._call("POST", f"/v1/webhooks/{_part(id)}/ping", {}, None, None, idempotency_key=idempotency_key)

    def post_webhooks_id_replay(self, id: str, body: "Again", *, idempotency_key: Optional[str] = None) -> Any:
        """Sends events again: some by id, the dead letters, or all since an instant."""
        return self._call("POST", f"/v1/webhooks/{_part(id)}/replay", {}, body, "application/json", idempotency_key=idempotency_key)

    def post_webhooks_id_secret(self, id: str, *, idempotency_key: Optional[str] = None) -> Any:
        """Gives a webhook another secret, shown in the answer only."""
        return self._call("POST", f"/v1/webhooks/{_part(id)}/secret", {}, None, None, idempotency_key=idempotency_key)


def _part(value: Any) -> str:
    return urllib.parse.quote(str(value), safe="")


def _read(answer: Any) -> Any:
    text = answer.read().decode()
    is_json = "json" in (answer.headers.get("Content-Type") or "")
    return json.loads(text) if is_json and text else text


AccountOwner = TypedDict("AccountOwner", {
    "owner": str,
    "team": str,
}, total=False)


Again = TypedDict("Again", {
    "events": List[str],
    "dead": bool,
    "since": Any,
}, total=False)


AliasInput = TypedDict("AliasInput", {
    "external_id": str,
}, total=False)


Asked = TypedDict("Asked", {
    "variant": Any,
    "run": Any,
}, total=False)


BeginInput = TypedDict("BeginInput", {
    "name": str,
}, total=False)


BudgetQuestion = TypedDict("BudgetQuestion", {
    "budget": int,
    "client_value": int,
}, total=False)


CampaignFolder = TypedDict("CampaignFolder", {
    "spec": Any,
    "templates": Dict[str, Any],
    "sample": Dict[str, Any],
    "audience": str,
}, total=False)


Claim = TypedDict("Claim", {
    "customer": str,
    "claim": str,
    "status": str,
    "key": str,
    "occurred_at": str,
    "kind": str,
    "amount": int,
    "order": str,
    "reason": str,
}, total=False)


CodesInput = TypedDict("CodesInput", {
    "codes": List[str],
}, total=False)


ConflictsInput = TypedDict("ConflictsInput", {
    "campaigns": List[str],
}, total=False)


ConsentInput = TypedDict("ConsentInput", {
    "customer": str,
    "channel": str,
    "purpose": Any,
    "granted": bool,
    "legal_basis": Any,
    "source": str,
    "recorded_at": Any,
}, total=False)


Conversion = TypedDict("Conversion", {
    "client": str,
}, total=False)


CustomerInput = TypedDict("CustomerInput", {
    "kind": Any,
    "first_name": Any,
    "last_name": Any,
    "email": Any,
    "phone": Any,
    "address": Any,
    "country": Any,
    "locale": Any,
    "zone": Any,
    "household": Any,
    "profiling_objection": bool,
    "tracking": bool,
    "acquired_at": Any,
    "acquisition_cost": Any,
    "attributes": Dict[str, Any],
}, total=False)


DecisionRequest = TypedDict("DecisionRequest", {
    "customer": str,
    "customers": List[str],
    "campaign": str,
    "channel": str,
    "placement": str,
    "context": Dict[str, Any],
    "explain": bool,
}, total=False)


Event = TypedDict("Event", {
    "customer": str,
    "name": str,
    "key": str,
    "occurred_at": str,
    "channel": str,
    "campaign": str,
    "value": int,
    "properties": Dict[str, Any],
}, total=False)


EventType = TypedDict("EventType", {
    "title": str,
    "properties": Dict[str, Any],
}, total=False)


ExportQuestion = TypedDict("ExportQuestion", {
    "format": str,
    "only": List[str],
    "from": str,
    "until": str,
}, total=False)


Goal = TypedDict("Goal", {
    "title": str,
    "indicator": str,
    "owner": str,
    "review_at": str,
    "actions": List[Dict[str, Any]],
}, total=False)


GoalReview = TypedDict("GoalReview", {
    "action": str,
    "next": str,
    "note": str,
}, total=False)


Inquiry = TypedDict("Inquiry", {
    "customer": str,
    "channel": str,
    "text": str,
}, total=False)


Interaction = TypedDict("Interaction", {
    "customer": str,
    "key": str,
    "occurred_at": str,
    "direction": str,
    "channel": str,
    "reason": str,
    "outcome": str,
    "duration_s": float,
    "cost": int,
    "campaign": str,
}, total=False)


JointInput = TypedDict("JointInput", {
    "campaigns": List[str],
}, total=False)


JointRunInput = TypedDict("JointRunInput", {
    "campaigns": List[str],
    "occasion": Any,
}, total=False)


KeyInput = TypedDict("KeyInput", {
    "name": str,
    "role": str,
    "expires_at": Any,
}, total=False)


KpiQuestion = TypedDict("KpiQuestion", {
    "retention_points": float,
    "margin_points": float,
    "cost_to_serve_percent": float,
    "rates": Dict[str, Any],
    "discount_rate": float,
    "acquisition_cost_percent": float,
    "segment": str,
}, total=False)


Lead = TypedDict("Lead", {
    "customer": str,
    "source": str,
    "cost": int,
    "occurred_at": str,
    "campaign": str,
}, total=False)


LeadSource = TypedDict("LeadSource", {
    "cost": int,
    "rate": float,
    "weight": float,
    "leads": int,
}, total=False)


Lookalike = TypedDict("Lookalike", {
    "name": str,
    "of": str,
    "ids": List[str],
    "size": int,
    "share": float,
    "min_members": int,
    "features": List[str],
}, total=False)


Note = TypedDict("Note", {
    "text": str,
}, total=False)


Objective = TypedDict("Objective", {
    "objective": str,
}, total=False)


Offer = TypedDict("Offer", {
    "name": str,
    "title": Dict[str, Any],
    "description": Dict[str, Any],
    "url": str,
    "partner": str,
    "settlement": Dict[str, Any],
    "bundle": List[str],
    "benefit": Dict[str, Any],
    "least_basket": int,
    "cost": int,
    "stock": int,
    "valid_from": str,
    "valid_until": str,
    "eligibility": Any,
    "base_rate": float,
    "base_weight": float,
    "redeem": float,
    "pull_forward": float,
    "basket": int,
    "earned": bool,
    "review": bool,
    "code": str,
    "placements": List[str],
}, total=False)


Order = TypedDict("Order", {
    "customer": str,
    "order": str,
    "occurred_at": str,
    "currency": str,
    "channel": str,
    "returned": bool,
    "items": List[Dict[str, Any]],
}, total=False)


OutcomeInput = TypedDict("OutcomeInput", {
    "delivery": Any,
    "decision": Any,
    "kind": str,
    "key": str,
    "occurred_at": Any,
    "value": Any,
}, total=False)


ProviderEventInput = TypedDict("ProviderEventInput", {
    "key": str,
    "kind": str,
    "channel": str,
    "delivery": Any,
    "message_id": Any,
    "from": Any,
    "status": Any,
    "permanent": Any,
    "text": Any,
}, total=False)


Referral = TypedDict("Referral", {
    "customer": str,
    "referred": str,
    "occurred_at": str,
}, total=False)


ResendInput = TypedDict("ResendInput", {
    "run": int,
}, total=False)


ReviewInput = TypedDict("ReviewInput", {
    "decision": Any,
    "reason": str,
}, total=False)


RunInput = TypedDict("RunInput", {
    "occasion": Any,
}, total=False)


Segment = TypedDict("Segment", {
    "name": str,
    "title": str,
    "measures": Dict[str, Any],
    "rule": Any,
}, total=False)


Series = TypedDict("Series", {
    "source": str,
    "points": List[Dict[str, Any]],
}, total=False)


SettleInput = TypedDict("SettleInput", {
    "resolution": str,
    "proof": str,
}, total=False)


Subscription = TypedDict("Subscription", {
    "customer": str,
    "subscription": str,
    "status": str,
    "key": str,
    "occurred_at": str,
    "plan": str,
    "price": int,
    "period_days": int,
    "paid_until": str,
    "reason": str,
}, total=False)


SuppressionInput = TypedDict("SuppressionInput", {
    "channel": str,
    "address": str,
    "reason": str,
}, total=False)


Target = TypedDict("Target", {
    "value": float,
    "by": str,
    "owner": str,
    "tolerance": float,
    "window_days": int,
}, total=False)


Task = TypedDict("Task", {
    "text": str,
    "owner": str,
    "due_at": str,
}, total=False)


TestSend = TypedDict("TestSend", {
    "customer": str,
    "channel": str,
    "to": str,
    "offer": str,
    "variant": str,
}, total=False)


WebhookInput = TypedDict("WebhookInput", {
    "url": str,
    "events": List[str],
    "enabled": bool,
}, total=False)


WhatIf = TypedDict("WhatIf", {
    "limits": Dict[str, Any],
}, total=False)
