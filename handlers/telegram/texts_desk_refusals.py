"""What staff are told when something is refused."""

from core import staff_errors
from core.errors import StaffRefusal
from core.staff_errors import Fault
from core.states import Channel
from handlers.telegram import texts_desk_words as said
from handlers.telegram.html import Html


def told(words: Html, refusal: StaffRefusal) -> str:
    match refusal:
        case staff_errors.NotStaff() | staff_errors.NotAllowed():
            return words("Your role does not let you do this.")
        case staff_errors.UnknownBroadcast(number):
            return words("There is no broadcast {number}.", number=number)
        case staff_errors.WrongState(_, state):
            return words("Not any more: the broadcast is now “{state}”.", state=said.state(words, state))
        case staff_errors.VersionChanged():
            return words("It was changed meanwhile. Please look at it again.")
        case staff_errors.OwnBroadcast():
            return words("Somebody else has to approve what you wrote.")
        case staff_errors.NothingToApprove():
            return words("There is nothing to approve any more.")
        case staff_errors.NobodyToTell():
            return words("There is nobody to write to.")
        case staff_errors.StartInPast():
            return words("This time has passed. Please type another.")
        case staff_errors.NeedsApproval():
            return words("No second person has approved this text for so many recipients.")
        case staff_errors.NoAddress():
            return words("There is no text to look at, or no chat to send it to.")
        case staff_errors.NothingToDo():
            return words("There is no such message any more.")
    return _about_what_was_typed(words, refusal)


def _about_what_was_typed(words: Html, refusal: StaffRefusal) -> str:
    match refusal:
        case staff_errors.TextsRefused(faults):
            return "\n".join(dict.fromkeys(_fault(words, each) for each in faults))
        case staff_errors.UnknownAccounts(numbers, count):
            return words.plural(
                "{n} number is no account of ours: {numbers}. Please send the list again.",
                "{n} numbers are no accounts of ours: {numbers}. Please send the list again.",
                count,
                numbers=", ".join(numbers),
            )
        case staff_errors.ListRefused(lines, count):
            return _bad_lines(words, lines, count)
        case staff_errors.ListUnreadable(why):
            return _no_list(words, why)
        case staff_errors.AudienceRefused("list", _):
            return words("Please send the account numbers, separated by commas.")
        case staff_errors.AudienceRefused(_, value):
            return words("Nobody fits “{value}”. Please type it as the accounts have it.", value=value)
    return words("This is not possible now.")


def _bad_lines(words: Html, lines: list[tuple[int, str]], count: int) -> str:
    head = words.plural(
        "{n} line begins with no account number. Nothing was taken from the table.",
        "{n} lines begin with no account number. Nothing was taken from the table.",
        count,
    )
    told = [words("Line {line}: “{said}”", line=line, said=said_there) for line, said_there in lines]
    return "\n".join([head, *told, *(["…"] if count > len(lines) else [])])


def _no_list(words: Html, why: str) -> str:
    match why:
        case "too_large":
            return words("The table is larger than 20 MB. Please send its column of account numbers alone.")
        case "too_long":
            return words("A table has 1,000,000 lines at most. Please send it in parts.")
        case "empty":
            return words("There is no account number in the table.")
        case "not_fetched":
            return words("The table did not arrive. Please send it again.")
    return words("This is no table in letters. Please save it as CSV and send it again.")


def _fault(words: Html, fault: Fault) -> str:
    match fault.what:
        case "title":
            return words("A title has 1 to {most} letters.", most=fault.said)
        case "missing" if fault.channel == Channel.SMS:
            return words("The text of the SMS is missing ({language}).", language=said.language(fault.locale))
        case "missing" | "no_text":
            return words("The text is missing.")
        case "field":
            return words("There is no field “{field}”.", field=fault.said)
        case "urgent":
            return words("Advertising is not sent at night: it cannot be urgent.")
        case "brace":
            return words("A brace belongs to no field.")
        case "too_long":
            return words("The text is too long: {units} of 4096 characters.", units=fault.said)
        case "too_many_segments":
            return words("The SMS is too long: {segments} segments of 10.", segments=fault.said)
        case "link":
            return words("A link begins with https:// or http://.")
        case "tag":
            return words("This formatting cannot be sent: {tag}.", tag=fault.said)
    return words("The text cannot be sent: {what} {said}.", what=fault.what, said=fault.said)
