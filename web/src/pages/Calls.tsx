import { CallList } from "./calls/CallList";

export function TenantCalls() {
  return <CallList role="tenant" lead="Every call to and from your numbers. Open one for its trunks, times and SIP answers." />;
}

export function OperatorCalls() {
  return <CallList role="operator" lead="Every call that came or went by your trunks." />;
}

export function ProgrammeCalls() {
  return <CallList role="programme" lead="Every call of this exchange, whichever operator carried it." />;
}
