import {
  Button,
  DrawerBody,
  DrawerHeader,
  DrawerHeaderTitle,
  makeStyles,
  OverlayDrawer,
  Subtitle2,
  tokens,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";

import { Facts } from "../../components/Facts";
import { dateTime, duration, words } from "../../components/format";
import { useReturnFocus } from "../../components/returnFocus";
import { Result, type Call } from "./columns";

const useStyles = makeStyles({
  body: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
  table: { borderCollapse: "collapse", width: "100%", "& th, & td": { textAlign: "left", padding: "4px 8px 4px 0" } },
  incomplete: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** All that is known of one call. */
export function CallDrawer({ call, onClose }: { call: Call; onClose: () => void }) {
  const styles = useStyles();
  useReturnFocus();
  return (
    <OverlayDrawer open position="end" size="medium" onOpenChange={(_, data) => !data.open && onClose()}>
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label="Close" icon={<DismissRegular />} onClick={onClose} />}
        >
          {call.caller} to {call.callee}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <div className={styles.body}>
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
          {call.attempts.length > 0 && (
            <section>
              <Subtitle2 as="h2">Trunks tried</Subtitle2>
              <table className={styles.table}>
                <thead>
                  <tr>
                    <th scope="col">Trunk</th>
                    <th scope="col">Answer</th>
                    <th scope="col">After</th>
                  </tr>
                </thead>
                <tbody>
                  {call.attempts.map((attempt, at) => (
                    <tr key={at}>
                      <td>{attempt.trunk ?? attempt.trunk_id}</td>
                      <td>{attempt.sip_code === 0 ? "None in time" : attempt.sip_code}</td>
                      <td>{attempt.ms.toLocaleString()} ms</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          )}
          {call.ended_at && !call.complete && (
            <p className={styles.incomplete}>Some of this call's records have not arrived yet.</p>
          )}
        </div>
      </DrawerBody>
    </OverlayDrawer>
  );
}
