import { Button, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";

import type { Role } from "../../api/session";
import { Drawer } from "../../components/Drawer";
import { Facts } from "../../components/Facts";
import { dateTime, duration, words } from "../../components/format";
import { Table } from "../../components/Table";
import { CallWhy } from "../explain/CallWhy";
import { Result, type Call } from "./columns";

const useStyles = makeStyles({
  incomplete: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** All that is known of one call. */
export function CallDrawer({ role, call, onClose }: { role: Role; call: Call; onClose: () => void }) {
  const styles = useStyles();
  const [why, setWhy] = useState(false);
  return (
    <Drawer title={`${call.caller} to ${call.callee}`} onClose={onClose}>
      <Facts
        facts={[
          ["Result", <Result key="result" call={call} />],
          ["Way", call.kind ? words(call.kind) : "Refused"],
          ["Number", call.number],
          ["User", call.user_name],
          ["Call queue", call.queue_name],
          ["Operator", call.operator_name],
          ["Trunk", call.trunk],
          ["Started", dateTime(call.started_at)],
          ["Answered", dateTime(call.answered_at)],
          ["Ended", dateTime(call.ended_at)],
          ["Length", call.duration_ms == null ? null : duration(call.duration_ms / 1000)],
          ["SIP result", call.sip_code],
          ["Reason", call.reason && words(call.reason)],
          ["Ended by", call.hung_up_by && words(call.hung_up_by)],
          ["Call record", call.id],
          ["Call-ID, caller's side", call.in_call_id],
          ["Call-ID, called side", call.out_call_id],
        ]}
      />
      <Table
        title="Trunks tried"
        head={["Trunk", "Answer", "After"]}
        rows={call.attempts.map((attempt) => [
          attempt.trunk ?? attempt.trunk_id,
          attempt.sip_code === 0 ? "None in time" : attempt.sip_code,
          `${attempt.ms.toLocaleString()} ms`,
        ])}
      />
      {call.ended_at && !call.complete && (
        <p className={styles.incomplete}>Some of this call's records have not arrived yet.</p>
      )}
      {why ? (
        <CallWhy role={role} id={call.id} />
      ) : (
        <div>
          <Button onClick={() => setWhy(true)}>Why did it go this way?</Button>
        </div>
      )}
    </Drawer>
  );
}
