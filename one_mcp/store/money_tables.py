"""The tables of money: plans, who let them happen, the journal, the ledger, what was signed; mails.

None of them is in the change log: they are append-only or keep their own course, and an undo of
them would be a forgery. A refund is an operation of its own.
"""

from one_mcp.store.table import TENANT, Table, reference, table, unique

_OF_ORGANIZATION = reference(TENANT, "organizations", TENANT)
PLANS = table(
    "plans",
    "organization_id text, id text, kind text, person_id text, body json, digest text,"
    " simulated integer, created_at integer, expires_at integer, operation_id text?",
    key="organization_id id",
    unique=(unique("organization_id operation_id", "operation_id IS NOT NULL"),),
    references=(_OF_ORGANIZATION,),
)
OPERATIONS = table(
    "operations",
    "organization_id text, id text, kind text, version integer, plan_id text?, person_id text,"
    " role text, simulated integer, state text, was text?, body json, answer json?, failure json?,"
    " deadline integer?, traceparent text?, fence integer, leased_until integer, due_at integer,"
    " change integer?, created_at integer, updated_at integer",
    key="organization_id id",
    references=(_OF_ORGANIZATION,),
)
_OF_OPERATION = reference("organization_id operation_id", "operations")
OPERATION_STEPS = table(
    "operation_steps",
    "organization_id text, operation_id text, name text, undoing integer, state text,"
    " attempts integer, result json?, failure json?, at integer",
    key="organization_id operation_id name undoing",
    references=(_OF_OPERATION,),
)
OPERATION_SUBJECTS = table(
    "operation_subjects",
    "organization_id text, operation_id text, entity_id text",
    key="organization_id operation_id entity_id",
    references=(_OF_OPERATION,),
)
LEDGER_ACCOUNTS = table(
    "ledger_accounts",
    "organization_id text, kind text, holder text, unit text, simulated integer, balance text",
    key="organization_id unit simulated kind holder",
    references=(_OF_ORGANIZATION,),
)
LEDGER_ENTRIES = table(
    "ledger_entries",
    "seq serial, organization_id text, operation_id text?, posting text, change integer,"
    " kind text, holder text, unit text, simulated integer, units text, at integer",
    key="seq",
    unique=(
        unique("organization_id operation_id posting kind holder unit", "operation_id IS NOT NULL"),
    ),
    references=(_OF_ORGANIZATION,),
)
CHAIN_TRANSACTIONS = table(
    "chain_transactions",
    "organization_id text, operation_id text, step text, attempt integer, chain_id integer,"
    " sender text, nonce integer, hash text, raw text, created_at integer, voids integer,"
    " missing_since integer?",
    key="organization_id operation_id step attempt",
    references=(_OF_OPERATION,),
)
CHAIN_NONCES = table(
    "chain_nonces", "chain_id integer, sender text, next integer", key="chain_id sender"
)
NFT_MINTS = table(
    "nft_mints",
    "organization_id text, operation_id text, item_id text, simulated integer, edition integer?,"
    " contract text, token_id integer, nft_id text?",
    key="organization_id operation_id",
    unique=(
        unique("organization_id item_id simulated edition", "edition IS NOT NULL"),
        unique("organization_id contract token_id"),
    ),
    references=(_OF_OPERATION,),
)
HOMES = table("homes", "name text, place text, held_since integer?", key="name")
SIMULATED_OBJECTS = table(
    "simulated_objects",
    "seq serial, organization_id text, kind text, id text, mark text, body json",
    key="seq",
    unique=(unique("organization_id kind id"),),
    references=(_OF_ORGANIZATION,),
)
APPROVERS = table(
    "approvers",
    "organization_id text, person_id text, public_key text, salt text, valid_from integer,"
    " created_at integer",
    key="organization_id person_id",
    references=(_OF_ORGANIZATION,),
)
APPROVALS = table(
    "approvals",
    "organization_id text, plan_id text, verdict text, digest text, person_id text, how text,"
    " at integer, expires_at integer, signature text?, operation_id text?",
    key="organization_id plan_id",
    references=(reference("organization_id plan_id", "plans"),),
)
ALLOWANCES = table(
    "allowances",
    "organization_id text, id text, person_id text, how text, terms json, created_at integer,"
    " expires_at integer, ended_at integer?, signature text",
    key="organization_id id",
    references=(_OF_ORGANIZATION,),
)
ALLOWANCE_USES = table(
    "allowance_uses",
    "organization_id text, allowance_id text, operation_id text, unit text, units text,"
    " recipient text?, simulated integer, at integer, given_back integer",
    key="organization_id operation_id unit",
    references=(reference("organization_id allowance_id", "allowances"), _OF_OPERATION),
)
PAYMENT_CUSTOMERS = table(
    "payment_customers",
    "organization_id text, entity_id text, mode text, customer_id text",
    key="organization_id entity_id mode",
    references=(_OF_ORGANIZATION,),
)
PLAN_CHECKOUTS = table(
    "plan_checkouts",
    "organization_id text, plan_id text, checkout_id text",
    key="organization_id plan_id",
    references=(reference("organization_id plan_id", "plans"),),
)
PAYMENT_EVENTS = table(
    "payment_events",
    "organization_id text, id text, type text, taken_at integer",
    key="organization_id id",
    references=(_OF_ORGANIZATION,),
)
MAILS = table(
    "mails",
    "organization_id text, operation_id text, entity_id text, recipient text, subject text,"
    " text text, html text, simulated integer, state text, attempts integer, mailer text?,"
    " doubted_at integer?, sent_id text?, failure json?, fence integer, leased_until integer,"
    " due_at integer, created_at integer, updated_at integer",
    key="organization_id operation_id",
    references=(_OF_OPERATION,),
)
MODEL_USES = table(
    "model_uses",
    "organization_id text, hour integer, model text, purpose text, requests integer,"
    " tokens_in integer, tokens_out integer",
    key="organization_id hour model purpose",
    references=(_OF_ORGANIZATION,),
)
SUBSCRIPTIONS = table(
    "subscriptions",
    "organization_id text, entity_id text, operation_id text, vendor_id text, item_id text,"
    " buyer_id text, mode text, body json, state text, paid_until integer, ends integer,"
    " person_id text, role text, due_at integer?, leased_until integer, fence integer",
    key="organization_id entity_id",
    unique=(unique("organization_id vendor_id"),),
    references=(_OF_OPERATION,),
)
SUBSCRIPTION_BILLS = table(
    "subscription_bills",
    "organization_id text, id text, entity_id text",
    key="organization_id id",
    references=(
        reference("organization_id entity_id", "subscriptions", "organization_id entity_id"),
    ),
)
TABLES: tuple[Table, ...] = (
    *(PLANS, OPERATIONS, OPERATION_STEPS, OPERATION_SUBJECTS),
    *(LEDGER_ACCOUNTS, LEDGER_ENTRIES, CHAIN_TRANSACTIONS, CHAIN_NONCES, HOMES, SIMULATED_OBJECTS),
    NFT_MINTS,
    *(APPROVERS, APPROVALS, ALLOWANCES, ALLOWANCE_USES),
    *(PAYMENT_CUSTOMERS, PLAN_CHECKOUTS, PAYMENT_EVENTS),
    *(MAILS, MODEL_USES),
    *(SUBSCRIPTIONS, SUBSCRIPTION_BILLS),
)
