import { useState } from "react";

import { api, ok, useList, type Schemas } from "../../api/client";
import { orderMessages } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Done } from "../../components/Done";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { dateTime } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { TwoLines } from "../../components/TwoLines";

type Message = Schemas["OrderMessage"];

const columns: Column<Message>[] = [
  { key: "number", header: "Number", width: "150px", render: (row) => row.number },
  {
    key: "what",
    header: "Why, and what to do",
    width: "minmax(260px, 3fr)",
    render: (row) => <TwoLines first={`${row.code}: ${row.detail}`} second={row.remedy} />,
  },
  { key: "ticket", header: "Reference", width: "minmax(110px, 1fr)", render: (row) => row.ticket_id },
  { key: "at", header: "Failed", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.created_at) },
];

/** What failed in the operator's orders, until somebody has seen to it. */
export function Failures() {
  const list = useList(orderMessages);
  const [open, setOpen] = useState<Message>();
  const [done, setDone] = useState<string>();
  return (
    <Part error={list.error} loading={list.isLoading}>
      <Done>{done}</Done>
      <Grid
        label="What failed"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        rowPx={52}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="Nothing that failed is left to see to."
      />
      {open && (
        <Dismiss
          message={open}
          onClose={() => setOpen(undefined)}
          onDone={() => {
            setOpen(undefined);
            setDone(`${open.number} is seen to.`);
          }}
        />
      )}
    </Part>
  );
}

function Dismiss({ message, onClose, onDone }: { message: Message; onClose: () => void; onDone: () => void }) {
  const dismiss = useWrite(
    () => ok(api.DELETE("/operator/v1/order-messages/{message_id}", { params: { path: { message_id: message.id } } })),
    onDone,
  );
  return (
    <FormDialog
      title={message.number}
      submit="I have seen to it"
      error={dismiss.error}
      busy={dismiss.isPending}
      onSubmit={() => dismiss.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["What", message.title],
          ["Why", message.detail],
          ["What to do", message.remedy],
          ["Code", message.code],
          ["Place in the order", message.pointer],
          ["Reference", message.ticket_id],
          ["Order", message.order_id],
          ["Organisation", message.tenant_id],
          ["Failed", dateTime(message.created_at)],
        ]}
      />
    </FormDialog>
  );
}
