"""Tells the story of a producer and a consumer with python-glanceclient, and prints what it saw as JSON."""

import json
import sys

from glanceclient import Client, exc

URL, PRODUCER, CONSUMER = sys.argv[1:]


def connect(project):
    return Client("2", endpoint=URL, token=f"u:{project}:member")


def ids(images):
    return [image.id for image in images]


def failure_of(call):
    try:
        call()
        return "ok"
    except exc.HTTPException as error:
        return str(error)


producer, consumer = connect(PRODUCER), connect(CONSUMER)
saw = {}
image = producer.images.create(
    name="alpine", disk_format="raw", container_format="bare", os_distro="alp"
)
saw["created"] = [image.status, image.visibility, image.owner == PRODUCER, image.os_distro]
saw["added"] = producer.image_members.create(image.id, CONSUMER).status
saw["again"] = failure_of(lambda: producer.image_members.create(image.id, CONSUMER)).split(":")[0]
saw["default"] = ids(consumer.images.list()) == []
pending = {"member_status": "pending", "visibility": "shared"}
saw["pending"] = ids(consumer.images.list(filters=pending)) == [image.id]
saw["answered"] = consumer.image_members.update(image.id, CONSUMER, "accepted").status
saw["listed"] = ids(consumer.images.list()) == [image.id]
saw["members"] = [member.member_id == CONSUMER for member in producer.image_members.list(image.id)]
changed = producer.images.update(image.id, remove_props=["os_distro"], name="beta", min_ram=3)
saw["changed"] = [changed.name, changed.min_ram, "os_distro" in changed]
leaving = failure_of(lambda: consumer.image_members.delete(image.id, CONSUMER))
saw["leaving"] = leaving.split(":")[0]
producer.image_members.delete(image.id, CONSUMER)
saw["revoked"] = ids(consumer.images.list()) == []
saw["lost"] = failure_of(lambda: consumer.images.get(image.id)).replace(image.id, "ID")
for name in ("n0", "n1", "n2"):
    producer.images.create(name=name)
saw["paged"] = [each.name for each in producer.images.list(page_size=1, sort="name:asc")]
producer.images.delete(image.id)
saw["deleted"] = failure_of(lambda: producer.images.get(image.id)).split(":")[0]
print(json.dumps(saw))
