from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50, unique=True, db_comment="the name")
    age = models.PositiveIntegerField(null=True)
    walk = models.DurationField(null=True)


class Book(models.Model):
    title = models.CharField(max_length=50, db_index=True)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    data = models.JSONField(default=dict)
    made = models.DateTimeField(auto_now_add=True)
    tags = models.ManyToManyField(Author, related_name="tagged")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_is_positive"),
            models.UniqueConstraint(fields=["title"], condition=models.Q(price__gt=5), name="dear_titles"),
        ]
        indexes = [models.Index(fields=["author", "-made"])]
