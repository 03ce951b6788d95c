"""What an application does with its models."""

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import IntegrityError, transaction  # noqa: E402
from django.db.models import Avg, Count, F, Sum, Window  # noqa: E402
from django.db.models.functions import RowNumber  # noqa: E402
from library.models import Author, Book  # noqa: E402

a, b = Author.objects.create(name="A"), Author.objects.create(name="B")
Book.objects.bulk_create(
    [Book(title=f"t{n}", author=a if n % 2 else b, price=n, data={"k": n}) for n in range(10)]
)
assert Book.objects.filter(data__k__gt=4).count() == 5
sums = Author.objects.annotate(n=Count("book"), s=Sum("book__price"), m=Avg("book__price")).order_by("name")
assert [(author.n, author.s, author.m) for author in sums] == [(5, 25, 5), (5, 20, 4)]
assert Book.objects.select_related("author").filter(author__name__icontains="a").count() == 5
with transaction.atomic():
    Book.objects.select_for_update().get(title="t1")
Book.objects.filter(title="t1").update(price=F("price") + 1)
book = Book.objects.get(title="t1")
assert book.price == 2
book.tags.add(a, b)
assert book.tags.count() == 2
rows = Book.objects.annotate(row=Window(RowNumber(), partition_by="author", order_by="price"))
assert list(rows.filter(author=b).order_by("price").values_list("row", flat=True)) == [1, 2, 3, 4, 5]
assert len(Book.objects.dates("made", "year")) == 1
assert len(list(Book.objects.iterator())) == 10
try:
    with transaction.atomic():
        Book.objects.create(title="t9", author=a, price=6)
    raise SystemExit("a dear title was there twice")
except IntegrityError:
    pass
User.objects.create_user("u", "u@example.org", "p")
assert User.objects.get(username="u").check_password("p")
a.delete()
assert Book.objects.count() == 5
Author.objects.all().delete()
User.objects.all().delete()
