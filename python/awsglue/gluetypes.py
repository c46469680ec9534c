"""Types of DynamicFrames: Spark's, under Glue's names, and ChoiceType where records disagree."""


class DataType:
    NAME = ""

    def __init__(self, properties=None):
        self.properties = properties or {}

    @classmethod
    def typeName(cls):
        return cls.NAME

    def jsonValue(self):
        return {"dataType": self.typeName(), **({"properties": self.properties} if self.properties else {})}

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(repr(self))

    def __repr__(self):
        return f"{type(self).__name__}()"


class AtomicType(DataType):
    """A type without types inside."""


def _atom(name, class_name):
    return type(class_name, (AtomicType,), {"NAME": name, "__doc__": f"Glue's {name}."})


BinaryType = _atom("binary", "BinaryType")
BooleanType = _atom("boolean", "BooleanType")
ByteType = _atom("byte", "ByteType")
DateType = _atom("date", "DateType")
DoubleType = _atom("double", "DoubleType")
FloatType = _atom("float", "FloatType")
IntegerType = _atom("int", "IntegerType")
LongType = _atom("long", "LongType")
NullType = _atom("null", "NullType")
ShortType = _atom("short", "ShortType")
StringType = _atom("string", "StringType")
TimestampType = _atom("timestamp", "TimestampType")
UnknownType = _atom("unknown", "UnknownType")


class DecimalType(AtomicType):
    NAME = "decimal"

    def __init__(self, precision=10, scale=2, properties=None):
        super().__init__(properties)
        self.precision, self.scale = precision, scale

    def jsonValue(self):
        return {**super().jsonValue(), "precision": self.precision, "scale": self.scale}

    def __repr__(self):
        return f"DecimalType({self.precision}, {self.scale})"


class EnumType(DataType):
    NAME = "enum"

    def __init__(self, options=None, properties=None):
        super().__init__(properties)
        self.options = list(options or [])

    def jsonValue(self):
        return {**super().jsonValue(), "options": self.options}

    def __repr__(self):
        return f"EnumType({self.options!r})"


class ArrayType(DataType):
    NAME = "array"

    def __init__(self, elementType=None, properties=None):
        super().__init__(properties)
        self.elementType = elementType or UnknownType()

    def jsonValue(self):
        return {**super().jsonValue(), "elementType": self.elementType.jsonValue()}

    def __repr__(self):
        return f"ArrayType({self.elementType!r})"


class MapType(DataType):
    NAME = "map"

    def __init__(self, valueType=None, properties=None):
        super().__init__(properties)
        self.valueType = valueType or UnknownType()

    def jsonValue(self):
        return {**super().jsonValue(), "valueType": self.valueType.jsonValue()}

    def __repr__(self):
        return f"MapType({self.valueType!r})"


class Field:
    def __init__(self, name, dataType, properties=None):
        self.name, self.dataType, self.properties = name, dataType, properties or {}

    def jsonValue(self):
        return {"name": self.name, "container": self.dataType.jsonValue(), "properties": self.properties}

    def __eq__(self, other):
        return isinstance(other, Field) and (self.name, self.dataType) == (other.name, other.dataType)

    def __repr__(self):
        return f"Field({self.name}, {self.dataType!r})"


class StructType(DataType):
    NAME = "struct"

    def __init__(self, fields=None, properties=None):
        super().__init__(properties)
        self.fields = list(fields or [])

    @property
    def field_map(self):
        return {field.name: field for field in self.fields}

    def __iter__(self):
        return iter(self.fields)

    def add(self, field):
        self.fields.append(field)

    def hasField(self, field):
        return (field.name if isinstance(field, Field) else field) in self.field_map

    def getField(self, field):
        return self.field_map[field.name if isinstance(field, Field) else field]

    def getFieldNames(self):
        return [field.name for field in self.fields]

    def jsonValue(self):
        return {**super().jsonValue(), "fields": [field.jsonValue() for field in self.fields]}

    def __repr__(self):
        return f"StructType({self.fields!r}, {self.properties!r})"


class ChoiceType(DataType):
    NAME = "choice"

    def __init__(self, choices=None, properties=None):
        super().__init__(properties)
        self.choices = {choice.typeName(): choice for choice in choices or []}

    def add(self, choice):
        self.choices[choice.typeName()] = choice

    def merge(self, new_choices):
        """Adds a type, the types of another choice, or a list of types."""
        if isinstance(new_choices, ChoiceType):
            new_choices = new_choices.choices.values()
        for choice in [new_choices] if isinstance(new_choices, DataType) else new_choices:
            self.add(choice)

    def jsonValue(self):
        return {**super().jsonValue(), "choices": [choice.jsonValue() for choice in self.choices.values()]}

    def __repr__(self):
        return f"ChoiceType({list(self.choices.values())!r})"


EntityType = StructType
ATOMS = {kind.NAME: kind for kind in (
    BinaryType, BooleanType, ByteType, DateType, DoubleType, FloatType, IntegerType, LongType, NullType, ShortType,
    StringType, TimestampType, UnknownType)}
