import { Button, Spinner } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ok, useList, useWhole, type Schemas } from "../../api/client";
import { groupMembers, groups, users } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { Done } from "../../components/Done";
import { Drawer } from "../../components/Drawer";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";

type Group = Schemas["Group"];
type Member = Schemas["GroupMember"];

const columns: Column<Group>[] = [
  { key: "name", header: "Group", width: "minmax(160px, 2fr)", render: (row) => row.name },
  { key: "members", header: "People", width: "88px", numeric: true, render: (row) => row.members.toLocaleString() },
];

/** Groups of people, for whom policies may hold. */
export function Groups() {
  const list = useList(groups);
  const [adding, setAdding] = useState(false);
  const [openId, setOpenId] = useState<string>();
  const [done, setDone] = useState<string>();
  const open = list.rows.find((group) => group.id === openId);
  return (
    <Part
      actions={
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
          Add group
        </Button>
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Groups"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpenId(row.id);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No group yet."
      />
      {adding && (
        <AddGroup
          onClose={() => setAdding(false)}
          onDone={(group) => {
            setAdding(false);
            setDone(undefined);
            setOpenId(group.id);
          }}
        />
      )}
      {open && (
        <Members
          group={open}
          onClose={() => setOpenId(undefined)}
          onGone={() => {
            setOpenId(undefined);
            setDone(`The group ${open.name} is deleted.`);
          }}
        />
      )}
    </Part>
  );
}

function AddGroup({ onClose, onDone }: { onClose: () => void; onDone: (group: Group) => void }) {
  const [name, setName] = useState("");
  const add = useWrite(() => ok(api.POST("/tenant/v1/groups", { body: { name: name.trim() } })), onDone);
  return (
    <FormDialog
      title="Add a group"
      submit="Add"
      error={add.error}
      busy={add.isPending}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      <Text label="Name" required value={name} onChange={setName} />
    </FormDialog>
  );
}

function Members({ group, onClose, onGone }: { group: Group; onClose: () => void; onGone: () => void }) {
  const list = useWhole(groupMembers(group.id));
  const people = useWhole(users);
  const [who, setWho] = useState("");
  const path = { group_id: group.id };
  const edit = useWrite(
    (body: Schemas["GroupMembersEdit"]) =>
      ok(api.POST("/tenant/v1/groups/{group_id}/members", { params: { path }, body })),
    () => setWho(""),
  );
  const remove = useWrite(() => ok(api.DELETE("/tenant/v1/groups/{group_id}", { params: { path } })), onGone);
  const members = new Set(list.rows.map((member) => member.id));
  const memberColumns: Column<Member>[] = [
    { key: "name", header: "Name", width: "minmax(120px, 1fr)", render: (row) => row.display_name },
    { key: "upn", header: "User principal name", width: "minmax(150px, 1.4fr)", render: (row) => row.upn },
    {
      key: "leave",
      header: "",
      width: "88px",
      render: (row) => (
        <Button
          size="small"
          aria-label={`Take ${row.display_name} out`}
          disabledFocusable={edit.isPending}
          onClick={() => edit.mutate({ leave: [row.id] })}
        >
          Take out
        </Button>
      ),
    },
  ];
  return (
    <Drawer title={group.name} error={edit.error ?? remove.error ?? list.error ?? people.error} onClose={onClose}>
      <Part
        filters={
          <>
            <Choice
              label="Person"
              any="Choose somebody"
              value={who}
              onChange={setWho}
              options={people.rows
                .filter((user) => !members.has(user.id))
                .map((user) => [user.id, `${user.display_name} (${user.upn})`] as const)}
            />
            <Button disabledFocusable={who === "" || edit.isPending} onClick={() => edit.mutate({ join: [who] })}>
              Put in
            </Button>
          </>
        }
        actions={
          <Button disabledFocusable={remove.isPending} onClick={() => remove.mutate()}>
            Delete group
          </Button>
        }
      >
        {list.isLoading ? (
          <Spinner label="Loading" />
        ) : (
          <Grid
            label="People in it"
            columns={memberColumns}
            rows={list.rows}
            rowKey={(row) => row.id}
            empty="Nobody is in it."
          />
        )}
      </Part>
    </Drawer>
  );
}
