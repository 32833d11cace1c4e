# The rules once more, in another language, by another hand and with another evaluator. Nothing here is served under; a
# test asks both about the same questions. Written from docs and design, not translated policy by policy: who comes in, on
# which ground, and what shuts a record.
package clear

import rego.v1

set_of(list) := {member | some member in list}

roles := set_of(input.asker.roles)

path := set_of(input.asker.path)

recipients := set_of(input.asker.recipients)

owners := set_of(input.label.owners)

caveats := set_of(input.label.caveats)

agreed := set_of(input.inquiry.agreed)

is(wanted) if count(roles & wanted) > 0

# ---- Questions that nobody may ask -------------------------------------------------------------------------------------

refused if not input.asker.agency

refused if not input.asker.agency in path

refused if {
	some part in ["affiliations", "task_force", "beneficiaries", "relays", "recipients"]
	count(set_of(input.asker[part]) - path) > 0
}

refused if count(path & set_of(input.asker.closed)) > 0

refused if input.inquiry.purpose_denied

# ---- Where an asker stands ---------------------------------------------------------------------------------------------

# At home: the asker's agency alone owns the record, and the question touches no other.
at_home if {
	owners == {input.asker.agency}
	path == owners
}

# The answer would go on to somebody else.
handed_on if count(recipients - {input.asker.agency}) > 0

in_danger if {
	input.inquiry.emergency
	is({"officer"})
	count(agreed) > 0
	not handed_on
}

referred if {
	input.inquiry.relation == "recipient"
	count(agreed) > 0
	not handed_on
}

# ---- Records that are shut ---------------------------------------------------------------------------------------------

shut if count(owners) == 0

shut if {
	input.label.handling == "black"
	not custodian
}

shut if {
	"sealed" in caveats
	not custodian
}

shut if {
	"juvenile" in caveats
	not sworn
}

shut if {
	"protected_victim" in caveats
	not at_home
}

shut if {
	"intelligence" in caveats
	not may_see_intelligence
}

shut if {
	"open_investigation" in caveats
	not works_on_it
}

custodian if {
	at_home
	is({"clerk"})
}

sworn if {
	at_home
	is({"clerk", "officer"})
}

may_see_intelligence if {
	at_home
	is({"analyst", "officer"})
}

may_see_intelligence if {
	at_home
	input.inquiry.relation == "author"
}

works_on_it if custodian

works_on_it if {
	at_home
	input.inquiry.relation in {"author", "assigned", "supervisor"}
}

# ---- What is read ------------------------------------------------------------------------------------------------------

referred_classes := {"operational", "place", "identity"}

urgent_classes := referred_classes | {"contact"}

all_classes := {"operational", "place", "identity", "contact", "biometric", "narrative", "protected", "source"}

reads contains class if {
	not refused
	not is({"oversight"})
	not shut
	some class in all_classes
	opened(class)
	not withheld(class)
}

# By agreement, at home or as a partner.
opened(class) if {
	class in agreed
	at_home
	is({"officer", "analyst", "clerk"})
}

opened(class) if {
	class in agreed
	not at_home
	input.label.handling == "white"
	is({"partner", "officer", "analyst"})
}

opened(class) if {
	class in agreed
	not at_home
	input.label.handling == "white"
	is({"clerk"})
	input.asker.agency in owners
}

# Beyond it, for somebody's life or by a referral.
opened(class) if {
	in_danger
	class in urgent_classes
	input.label.handling in {"white", "gray"}
}

opened(class) if {
	referred
	class in referred_classes
	is({"partner", "officer", "analyst"})
	input.label.handling in {"white", "gray"}
}

withheld("protected") if not is({"officer", "clerk", "partner"})

withheld(class) if {
	"protected_victim" in caveats
	class in {"identity", "contact", "biometric", "protected"}
	not is({"officer", "clerk"})
}

# Oversight sees how every record is kept and used, and nothing else.
reads contains class if {
	not refused
	is({"oversight"})
	input.asker.agency_kind == "oversight"
	path == {input.asker.agency}
	count(owners) > 0
	some class in {"operational", "source"}
}

default pointer := false

pointer if {
	not refused
	not is({"oversight"})
	not shut
	not at_home
	input.label.handling == "gray"
	count(agreed) > 0
	is({"partner", "officer", "analyst"})
}

verdict := {"reads": reads, "pointer": pointer}

# ---- What is done ------------------------------------------------------------------------------------------------------

owners_own(wanted) if {
	input.asker.agency_kind == "owner"
	is(wanted)
}

board if {
	input.asker.agency_kind == "oversight"
	is({"oversight"})
}

may contains "file" if {
	not refused
	owners_own({"clerk", "service"})
}

may contains "file" if {
	not refused
	owners_own({"officer"})
	input.kind != "restriction"
}

may contains "govern" if {
	not refused
	input.entry != "installation"
	owners_own({"steward"})
}

may contains "govern" if {
	not refused
	input.entry == "attestation"
	input.asker.agency_kind
}

may contains "handle" if {
	not refused
	owners_own({"officer", "clerk"})
}

may contains "inquire" if {
	not refused
	input.asker.agency_kind
	is({"officer", "analyst", "clerk", "partner", "service"})
}

may contains "review" if {
	not refused
	owners_own({"clerk", "steward"})
}

may contains "review" if {
	not refused
	board
}

may contains "produce" if {
	not refused
	owners_own({"clerk", "steward"})
}

may contains "operate" if {
	not refused
	owners_own({"steward"})
}

may contains "operate" if {
	not refused
	board
}
