CREATE TABLE payments (id INT PRIMARY KEY, customer TEXT, amount NUMERIC(10,2), paid_at TIMESTAMP);
INSERT INTO payments VALUES (1, 'Ada', 10.50, '2026-01-01 10:00:00'), (2, 'Bob', 3.25, '2026-01-02 11:00:00');
