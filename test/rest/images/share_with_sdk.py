"""Tells the story of a producer and a consumer with openstacksdk, and prints what it saw as JSON."""

import json
import sys

import openstack

URL, PRODUCER, CONSUMER = sys.argv[1:]


def connect(project):
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_type="admin_token",
        auth={"endpoint": URL, "token": f"u:{project}:member"},
        image_endpoint_override=URL,
        region_name="here",
    ).image


def ids(images):
    return [image.id for image in images]


def status_of(call):
    try:
        call()
        return "ok"
    except openstack.exceptions.HttpException as error:
        return error.status_code


producer, consumer = connect(PRODUCER), connect(CONSUMER)
saw = {}
image = producer.create_image(
    "alpine", allow_duplicates=True, disk_format="raw", container_format="bare", os_distro="alp"
)
saw["created"] = [image.status, image.visibility, image.owner_id == PRODUCER, image.os_distro]
saw["added"] = producer.add_member(image, member_id=CONSUMER).status
saw["again"] = status_of(lambda: producer.add_member(image, member_id=CONSUMER))
saw["pending"] = ids(consumer.images()) == []
saw["answered"] = consumer.update_member(CONSUMER, image, status="accepted").status
saw["listed"] = ids(consumer.images()) == [image.id]
saw["found"] = consumer.find_image("alpine").id == image.id
saw["member"] = producer.get_member(CONSUMER, image).status
saw["members"] = [member.member_id == CONSUMER for member in producer.members(image)]
saw["hidden"] = ids(producer.images(is_hidden=True)) == []
changed = producer.update_image(image, name="beta", min_ram=5, is_protected=False)
saw["changed"] = [changed.name, changed.min_ram]
saw["published"] = status_of(lambda: producer.update_image(image, visibility="public"))
producer.remove_member(CONSUMER, image)
saw["revoked"] = ids(consumer.images()) == []
saw["lost"] = status_of(lambda: consumer.get_image(image.id))
saw["unknown"] = consumer.find_image("beta") is None
for name in ("n0", "n1", "n2"):
    producer.create_image(name, allow_duplicates=True)
saw["paged"] = sorted(each.name for each in producer.images(limit=2))
producer.delete_image(image)
saw["deleted"] = status_of(lambda: producer.get_image(image.id))
print(json.dumps(saw))
